#include "paths/common.h"

// Only what the processor and the operating system both say that they run.
const ck_kernels *ck_path(size_t index) {
  const ck_kernels *paths[3] = {&ck_plain, NULL, NULL};
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
    paths[1] = &ck_avx2;
  if (paths[1] && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    paths[2] = &ck_avx512;
#endif
  return index < 3 ? paths[index] : NULL;
}

static size_t round16(size_t x) { return (x + 15) & ~(size_t)15; }

size_t ck_attend_tokens(size_t group) { return group < ATTEND_ROWS ? ATTEND_ROWS / group : 1; }

size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group) {
  size_t rows = ck_attend_tokens(group) * group;
  return round16(key_length) * ATTEND_KEYS + round16(value_length) * ATTEND_KEYS
    + rows * (key_length + ATTEND_KEYS + round16(value_length) + 2) + round16(key_length) + 64;
}
