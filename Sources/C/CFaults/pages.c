// Copies of mapped weights in large pages, in the place of the mapping.
#define _GNU_SOURCE
#include "CFaults.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool cf_copy_into_memory(void *start, size_t count, size_t alignment) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t length = (count + page - 1) / page * page, room = length + alignment;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char *reserved = mmap(NULL, room, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (reserved == MAP_FAILED) return false;
  char *copy = reserved + (((uintptr_t)start - (uintptr_t)reserved) & (alignment - 1));
  madvise(copy, length, MADV_HUGEPAGE);
  memcpy(copy, start, count);
  bool moved = mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, start) != MAP_FAILED;
  if (copy > reserved) munmap(reserved, (size_t)(copy - reserved));
  if (!moved) munmap(copy, length);
  size_t rest = (size_t)(reserved + room - copy) - length;
  if (rest > 0) munmap(copy + length, rest);
  return moved;
}
