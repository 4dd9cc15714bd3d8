// template, included once for each ISA with AVX-512: conversions between float and binary16.

static inline float scalar_from_f16(const uint8_t *p) {
  uint16_t half;
  __builtin_memcpy(&half, p, 2);
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

static inline vector vector_from_f16(const uint8_t *p) {
  return (vector)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline void vector_to_f16(vector v, uint16_t *target) {
  _mm256_storeu_si256((__m256i *)target, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT));
}
