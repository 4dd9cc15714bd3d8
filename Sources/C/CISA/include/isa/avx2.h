// template, included once for each ISA: x86 processors with AVX2, FMA and F16C (2013 and later).
// Begins the features of that ISA; a file that includes this ends with
// `#pragma clang attribute pop`.
#include "types.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma clang fp contract(fast)

static inline float scalar_from_f16(const uint8_t *p) {
  uint16_t half;
  __builtin_memcpy(&half, p, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

static inline vector vector_from_f16(const uint8_t *p) {
  vector v;
  __m256 low = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
  __m256 high = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 16)));
  __builtin_memcpy(&v, &low, 32);
  __builtin_memcpy((char *)&v + 32, &high, 32);
  return v;
}

static inline void vector_to_f16(vector v, uint16_t *target) {
  __m256 low, high;
  __builtin_memcpy(&low, &v, 32);
  __builtin_memcpy(&high, (char *)&v + 32, 32);
  _mm_storeu_si128((__m128i *)target, _mm256_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT));
  _mm_storeu_si128((__m128i *)(target + 8), _mm256_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT));
}

#include "vectors.h"
#include "elements.h"
