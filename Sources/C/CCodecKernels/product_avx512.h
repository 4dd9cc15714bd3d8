// template: tiles of `product.h` for AVX-512, with one instruction where VNNI has it.
#define HAS_PRODUCT_TILE 1

enum { PRODUCT_ROWS = 6 };

#ifndef ADD_PRODUCTS
#define ADD_PRODUCTS(sum, x, y) _mm512_add_epi32(sum, _mm512_madd_epi16(x, y))
#endif

INLINE void product_tile(
  const int16_t *const *a, size_t depth, const int16_t *panel, int32_t *const *c) {
  enum { VECTORS = CK_PANEL_COLUMNS / 16 };
  __m512i sums[PRODUCT_ROWS][VECTORS];
  UNROLLED
  for (int r = 0; r < PRODUCT_ROWS; r++) {
    UNROLLED
    for (int i = 0; i < VECTORS; i++) sums[r][i] = _mm512_setzero_si512();
  }
  for (size_t k = 0; k < depth; k += 2, panel += 2 * CK_PANEL_COLUMNS) {
    __m512i y[VECTORS];
    UNROLLED
    for (int i = 0; i < VECTORS; i++) y[i] = _mm512_loadu_si512(panel + 32 * i);
    UNROLLED
    for (int r = 0; r < PRODUCT_ROWS; r++) {
      int32_t pair;
      __builtin_memcpy(&pair, a[r] + k, 4);
      __m512i x = _mm512_set1_epi32(pair);
      UNROLLED
      for (int i = 0; i < VECTORS; i++) sums[r][i] = ADD_PRODUCTS(sums[r][i], x, y[i]);
    }
  }
  UNROLLED
  for (int r = 0; r < PRODUCT_ROWS; r++) {
    UNROLLED
    for (int i = 0; i < VECTORS; i++) _mm512_storeu_si512(c[r] + 16 * i, sums[r][i]);
  }
}
