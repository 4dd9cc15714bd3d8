// x86 processors with AVX-512 F, BW, DQ, VL, VNNI and BF16.
#include "common.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), \
  apply_to = function)
#pragma clang fp contract(fast)

#define PATH ck_avx512bf16
#define PATH_NAME "avx512bf16"
#define TILE_ROWS 6
#define TILE_VECTORS 4

#include "avx512.inc"
#define HAS_NIBBLES 1
#define HAS_LOOK_UP 1
#include "words512.inc"
#define HAS_WORD_DOTS 1
#define HAS_BF16_DOTS 1

static inline void vector_to_bf16(vector v, uint16_t *target) {
  __builtin_memcpy(target, &(__m256bh){_mm512_cvtneps_pbh((__m512)v)}, 32);
}

static inline vector dot_pairs(vector sum, vector a, vector b) {
  return (vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

#include "kernels.inc"
#pragma clang attribute pop
#endif
