// The table of the engine's kernels for an ISA, the number of cores, and the limit of heaps.
#define _GNU_SOURCE
#include "common.h"

#include <malloc.h>
#include <sched.h>
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

extern const ck_inference_kernels ck_inference_plain;
#if defined(__x86_64__)
extern const ck_inference_kernels ck_inference_avx2, ck_inference_avx512, ck_inference_avx512bf16;
#endif

const ck_inference_kernels *ck_inference_kernels_of(ck_isa isa) {
#if defined(__x86_64__)
  switch (isa) {
  case CK_ISA_PLAIN: break;
  case CK_ISA_AVX2: return &ck_inference_avx2;
  case CK_ISA_AVX512: return &ck_inference_avx512;
  case CK_ISA_AVX512BF16: return &ck_inference_avx512bf16;
  }
#endif
  return &ck_inference_plain;
}

size_t ck_row_bytes(ck_type type, unsigned bits, size_t length) {
  if (bits == 0) return length * (type == CK_F32 ? 4 : 2);
  return bits == 8 ? round16(length) : (length + 31) / 32 * 16;
}

size_t ck_attend_tokens(size_t group) { return group < ATTEND_ROWS ? ATTEND_ROWS / group : 1; }

// Enough for floats; pairs of bfloat16s take half.
size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group) {
  size_t rows = ck_attend_tokens(group) * group;
  size_t key = round16(key_length), value = round16(value_length);
  size_t tile = ATTEND_KEYS * (key + value), lines = 17 * key + 2 * value;
  return tile + rows * (key + value + 16) + round16(rows) + lines;
}

size_t ck_panel_floats(size_t depth) { return (depth + 31) / 32 * 16 * CK_PANEL; }

size_t ck_split_floats(size_t value_length) { return round16(value_length) + 32; }

size_t ck_split_scratch(size_t key_length, size_t value_length, size_t group) {
  size_t key = round16(key_length), value = round16(value_length);
  return ATTEND_KEYS * (key > value ? key : value) + group * (key + ATTEND_KEYS);
}
