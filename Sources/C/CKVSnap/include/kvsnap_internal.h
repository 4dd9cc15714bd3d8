// What the Swift side of kvsnap.h needs; no part of the library's interface.
#ifndef KVSNAP_INTERNAL_H
#define KVSNAP_INTERNAL_H

// Sets what kvsnap_message returns in this thread; a longer text is cut.
void ckvsnap_set_message(const char *text);

#endif
