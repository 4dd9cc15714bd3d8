#define _GNU_SOURCE
#include "CExhaustion.h"

#include "CFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char *message_prefix;
static int exit_status;

void cx_end_on_exhaustion(const char *prefix, int status) {
  exit_status = status;
  message_prefix = prefix;
}

// Other C libraries have no names for what is replaced here; there the program ends as the runtime
// has it.
#ifdef __GLIBC__

static void end(const char *what) {
  if (!message_prefix) return;
  char text[512];
  snprintf(text, sizeof text,
    "%sthe system denied %s; allow the process more memory (ulimit -v), ask for less, "
    "or use a larger machine\n",
    message_prefix, what);
  cf_end(text, exit_status);
}

static void *checked(void *memory, size_t size) {
  if (!memory && size > 0) {
    char what[64];
    snprintf(what, sizeof what, "%zu bytes of memory", size);
    end(what);
  }
  return memory;
}

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) { return checked(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) {
  return checked(__libc_calloc(count, size), count * size);
}

void *realloc(void *memory, size_t size) { return checked(__libc_realloc(memory, size), size); }

void *memalign(size_t alignment, size_t size) {
  return checked(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return checked(__libc_memalign(alignment, size), size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *made = checked(__libc_memalign(alignment, size), size);
  if (!made && size > 0) return ENOMEM;
  *memory = made;
  return 0;
}

// Without this, a queue would wait for ever for a thread that cannot be started.
int pthread_create(
  pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (!create) *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
  int failure = create(thread, attributes, start, argument);
  if (failure == EAGAIN) end("a thread");
  return failure;
}

#endif
