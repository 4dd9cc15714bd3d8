// template, included once for each ISA with AVX-512: instructions for what exponential.h and
// blocks.h do in several.

#define HAS_POWERS 1

static inline vector nearest(vector x) {
  return (vector)_mm512_roundscale_ps((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vector times_power(vector p, vector n) {
  return (vector)_mm512_scalef_ps((__m512)p, (__m512)n);
}

static inline int any_above(vector v, float x) {
  return _mm512_cmp_ps_mask((__m512)v, _mm512_set1_ps(x), _CMP_GT_OQ) != 0;
}

#define HAS_NIBBLES 1

// A block's scale and minimum, side by side as binary16s, in all lanes.
static inline void splat_scales(const uint8_t *p, vector *scale, vector *minimum) {
  int32_t both;
  __builtin_memcpy(&both, p, 4);
  __m512 alternating = _mm512_cvtph_ps(_mm256_set1_epi32(both));
  *scale = (vector)_mm512_moveldup_ps(alternating);
  *minimum = (vector)_mm512_movehdup_ps(alternating);
}

// Each nibble's value is looked up among the 16: an instruction instead of a conversion and a
// product.
static inline void choose_nibbles(
  const uint8_t *nibbles, vector values, vector *low, vector *high) {
  __m512i indices = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)nibbles));
  *low = (vector)_mm512_permutexvar_ps(indices, (__m512)values);
  *high = (vector)_mm512_permutexvar_ps(_mm512_srli_epi32(indices, 4), (__m512)values);
}
