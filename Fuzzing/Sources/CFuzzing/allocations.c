// Counts what a thread allocates, in front of glibc's allocator. libFuzzer's own limits need the
// address sanitizer, or see only memory that was touched. A reader is judged by what it asks for.

#include "CFuzzing.h"

static __thread int64_t now, most;

void fz_start_counting(void) { now = most = 0; }

int64_t fz_most_allocated(void) { return most; }

#if !__has_feature(address_sanitizer)

#include <errno.h>
#include <malloc.h>

// An allocator's coverage says nothing about a reader.
#define PLAIN __attribute__((no_sanitize("coverage")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

// A reservation that fails counts too.
PLAIN static void *count(void *block, size_t asked) {
  int64_t size = (int64_t)(block ? malloc_usable_size(block) : asked);
  if (now + size > most) most = now + size;
  if (block) now += size;
  return block;
}

PLAIN void *malloc(size_t size) { return count(__libc_malloc(size), size); }

PLAIN void *calloc(size_t items, size_t size) {
  return count(__libc_calloc(items, size), items * size);
}

PLAIN void *realloc(void *block, size_t size) {
  int64_t before = block ? (int64_t)malloc_usable_size(block) : 0;
  void *moved = __libc_realloc(block, size);
  if (moved || size == 0) now -= before;
  return size == 0 ? moved : count(moved, size);
}

PLAIN void *memalign(size_t alignment, size_t size) {
  return count(__libc_memalign(alignment, size), size);
}

PLAIN void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

PLAIN int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}

PLAIN void free(void *block) {
  if (block) now -= (int64_t)malloc_usable_size(block);
  __libc_free(block);
}

#endif
