// A line that a user types on a terminal, with editing and history.
//
// libedit is opened at run time, so that only who types needs it. Without it a line is read as the
// terminal gives it.
#ifndef CLINEEDITOR_H
#define CLINEEDITOR_H

/// Reads a line from standard input, without its end. Shows the prompt if that is a terminal.
/// Returns NULL at the end of the input; the caller frees the result.
char *_Nullable cle_read_line(const char *_Nonnull prompt);

/// Adds a line to those that the arrow keys bring back.
void cle_remember(const char *_Nonnull line);

#endif
