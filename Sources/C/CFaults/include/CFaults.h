// What has to happen when the process is about to end in the middle of its work, in C because part
// of it runs inside a signal handler, where Swift may neither allocate nor lock.
//
// Two kinds of things are registered: memory that a file is mapped to, and names of temporary
// files.
#ifndef CFAULTS_H
#define CFAULTS_H

#include <stdbool.h>
#include <stddef.h>

/// A registered mapping or name.
typedef struct cf_entry cf_entry;

/// Registers `count` bytes from `start` on as the contents of the file at `path`.
/// NULL if there is no memory for it.
cf_entry *cf_add_mapping(const void *start, size_t count, const char *path);

/// Registers a file that is to be removed when the process ends. NULL if there is no memory for it.
cf_entry *cf_add_temporary(const char *path);

/// Forgets an entry; NULL is allowed.
void cf_remove(cf_entry *entry);

/// What each of the ends below writes on standard error first; NULL for nothing. The text must live
/// as long as the process.
void cf_set_last_words(const char *text);

/// Removes all temporary files, writes the last words, and ends the process as the signal `number`
/// does by default.
_Noreturn void cf_end_by_signal(int number);

/// Removes all temporary files, writes the last words and `text` on standard error, and ends the
/// process with `status`.
void cf_end(const char *text, int status);

/// From now on, reading mapped bytes that are lost (SIGBUS: the file was cut short, or its disk
/// failed) removes all temporary files and ends the process with `status`. On standard error it
/// writes the last words and one sentence that begins with `prefix` and names the file. SIGBUS from
/// another address or process keeps its old meaning. `prefix` must live as long as the process.
void cf_end_on_lost_mapping(const char *prefix, int status);

/// Replaces `count` mapped bytes from `start` on by a copy in memory of its own. They begin and end
/// at a page, except at the end of a file. Readers at the same time read the one or the other. The
/// copy is aligned like `start` to `alignment`, a power of two. False if there is no memory; then
/// nothing changed.
bool cf_copy_into_memory(void *start, size_t count, size_t alignment);

#endif
