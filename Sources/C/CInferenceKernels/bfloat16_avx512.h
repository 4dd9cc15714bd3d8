// template, included once for each ISA with AVX-512 BF16.

#define HAS_BF16_DOTS 1

static inline vector dot_pairs(vector sum, vector a, vector b) {
  return (vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
