// template, included once for each ISA: x86 processors with AVX-512 F, BW, DQ, VL, VNNI and BF16.
// Begins the features of that ISA; a file that includes this ends with
// `#pragma clang attribute pop`.
#include "types.h"

#include <immintrin.h>

#pragma clang attribute push(                                                           \
  __attribute__((                                                                       \
    target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), \
  apply_to = function)
#pragma clang fp contract(fast)

#include "f16_avx512.h"

#define HAS_VECTOR_TO_BF16 1

// The instruction takes numbers below 2^-126 for zero.
static inline void vector_to_bf16(vector v, uint16_t *target) {
  __builtin_memcpy(target, &(__m256bh){_mm512_cvtneps_pbh((__m512)v)}, 32);
}

#include "vectors.h"
#include "elements.h"
