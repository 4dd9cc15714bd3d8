#define _GNU_SOURCE
#include "CFaults.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cf_entry {
  cf_entry *previous, *next;
  uintptr_t start;
  size_t count;  // 0: a temporary file
  char path[];
};

static cf_entry *entries;

// A spin lock, because a signal handler may take it. SIGBUS comes from touching mapped memory,
// which nobody does while holding the lock, so its holder is another thread, which continues and
// releases it. Whoever is about to end the process keeps it: nothing is registered after that, and
// no second thread reports.
static atomic_flag lock = ATOMIC_FLAG_INIT;

static void acquire(void) {
  while (atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) continue;
}

static void release(void) { atomic_flag_clear_explicit(&lock, memory_order_release); }

static cf_entry *add(uintptr_t start, size_t count, const char *path) {
  size_t length = strlen(path) + 1;
  cf_entry *entry = malloc(sizeof(cf_entry) + length);
  if (!entry) return NULL;
  entry->previous = NULL;
  entry->start = start;
  entry->count = count;
  memcpy(entry->path, path, length);
  acquire();
  entry->next = entries;
  if (entries) entries->previous = entry;
  entries = entry;
  release();
  return entry;
}

cf_entry *cf_add_mapping(const void *start, size_t count, const char *path) {
  // A vector may be loaded across the file's end, up to that of its page.
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return add((uintptr_t)start, (count + page - 1) / page * page, path);
}

cf_entry *cf_add_temporary(const char *path) { return add(0, 0, path); }

void cf_remove(cf_entry *entry) {
  if (!entry) return;
  acquire();
  if (entry->previous) entry->previous->next = entry->next;
  else entries = entry->next;
  if (entry->next) entry->next->previous = entry->previous;
  release();
  free(entry);
}

// The lock is held.
static void remove_temporaries(void) {
  for (cf_entry *entry = entries; entry; entry = entry->next)
    if (entry->count == 0) unlink(entry->path);
}

static _Atomic(const char *) last_words;

void cf_set_last_words(const char *text) { last_words = text; }

static void say(const char *text) {
  size_t rest = strlen(text);
  while (rest > 0) {
    ssize_t written = write(STDERR_FILENO, text, rest);
    if (written <= 0) return;
    text += written;
    rest -= (size_t)written;
  }
}

// What every end begins with: no temporary file is left, and no status on the terminal. The lock is
// held.
static void clean_up(void) {
  remove_temporaries();
  const char *words = last_words;
  if (words) say(words);
}

void cf_end_by_signal(int number) {
  acquire();
  clean_up();
  signal(number, SIG_DFL);
  // libdispatch may have blocked the signal in all threads. The process would live on, and the lock
  // would be held for ever.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  _exit(128 + number);
}

void cf_end(const char *text, int status) {
  acquire();
  clean_up();
  say(text);
  _exit(status);
}

static const char *message_prefix;
static int exit_status;
static struct sigaction inherited;

// Ends the process if the address belongs to a mapped file.
static void report(uintptr_t address) {
  acquire();
  for (cf_entry *entry = entries; entry; entry = entry->next) {
    if (address - entry->start >= entry->count) continue;
    clean_up();
    say(message_prefix);
    say("cannot read ");
    say(entry->path);
    say(": it was cut short while it was in use, or its disk failed; restore it and run again\n");
    _exit(exit_status);
  }
  release();
}

// Calls only what POSIX lists as safe in a signal handler.
static void lost_mapping(int number, siginfo_t *info, void *context) {
  (void)context;
  bool was_sent = info->si_code <= 0;
  if (!was_sent) report((uintptr_t)info->si_addr);
  sigaction(number, &inherited, NULL);
  if (was_sent) raise(number);  // Otherwise the same access raises it again.
}

void cf_end_on_lost_mapping(const char *prefix, int status) {
  message_prefix = prefix;
  exit_status = status;
  struct sigaction action = {.sa_sigaction = lost_mapping, .sa_flags = SA_SIGINFO};
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &inherited);
}
