#define _GNU_SOURCE
#include "paths/common.h"

#include <malloc.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

size_t ck_cores(void) {
  cpu_set_t set;
  if (!sched_getaffinity(0, sizeof set, &set)) return (size_t)CPU_COUNT(&set);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (size_t)cores : 1;
}

void ck_limit_heaps(int count) {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, count);
#endif
}

// Only what the processor and the operating system both say that they run.
const ck_kernels *ck_path(size_t index) {
  const ck_kernels *paths[4] = {&ck_plain, NULL, NULL, NULL};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
    paths[1] = &ck_avx2;
  if (paths[1] && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    paths[2] = &ck_avx512;
  if (paths[2] && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16"))
    paths[3] = &ck_avx512bf16;
#endif
  return index < 4 ? paths[index] : NULL;
}

const ck_kernels *ck_path_named(const char *name) {
  const ck_kernels *widest = NULL;
  for (size_t index = 0; index < 4; index++) {
    const ck_kernels *path = ck_path(index);
    if (path && name && !strcmp(path->name, name)) return path;
    if (path) widest = path;
  }
  return widest;
}

static size_t round16(size_t x) { return (x + 15) & ~(size_t)15; }

size_t ck_row_bytes(ck_type type, unsigned bits, size_t length) {
  return bits == 0 ? length * (type == CK_F32 ? 4 : 2) : bits == 8 ? round16(length) : (length + 31) / 32 * 16;
}

size_t ck_attend_tokens(size_t group) { return group < ATTEND_ROWS ? ATTEND_ROWS / group : 1; }

// Enough for floats, of which pairs of bfloat16s take half.
size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group) {
  size_t rows = ck_attend_tokens(group) * group, key = round16(key_length), value = round16(value_length);
  return ATTEND_KEYS * (key + value) + rows * (key + value + 16) + round16(rows) + 17 * key + 2 * value;
}

size_t ck_panel_floats(size_t depth) { return (depth + 31) / 32 * 16 * CK_PANEL; }

size_t ck_segment_floats(size_t value_length) { return round16(value_length) + 32; }

size_t ck_segment_scratch(size_t key_length, size_t value_length, size_t group) {
  size_t key = round16(key_length), value = round16(value_length);
  return ATTEND_KEYS * (key > value ? key : value) + group * (key + ATTEND_KEYS);
}
