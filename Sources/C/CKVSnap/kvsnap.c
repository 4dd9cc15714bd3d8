// The thread's last message. The other functions of kvsnap.h are in Sources/Library/KVSnapC.
#include <stdio.h>

#include "kvsnap.h"
#include "kvsnap_internal.h"

static _Thread_local char message[1024];

const char *kvsnap_message(void) { return message; }

void ckvsnap_set_message(const char *text) { snprintf(message, sizeof message, "%s", text); }
