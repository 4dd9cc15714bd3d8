// template: tiles of `product.h` for AVX2.
#define HAS_PRODUCT_TILE 1

enum { PRODUCT_ROWS = 3 };

INLINE void product_tile(
  const int16_t *const *a, size_t depth, const int16_t *panel, int32_t *const *c) {
  enum { VECTORS = CK_PANEL_COLUMNS / 8 };
  for (int half = 0; half < VECTORS; half += 4) {
    __m256i sums[PRODUCT_ROWS][4];
    UNROLLED
    for (int r = 0; r < PRODUCT_ROWS; r++) {
      UNROLLED
      for (int i = 0; i < 4; i++) sums[r][i] = _mm256_setzero_si256();
    }
    const int16_t *columns = panel + 16 * half;
    for (size_t k = 0; k < depth; k += 2, columns += 2 * CK_PANEL_COLUMNS) {
      UNROLLED
      for (int r = 0; r < PRODUCT_ROWS; r++) {
        int32_t pair;
        __builtin_memcpy(&pair, a[r] + k, 4);
        __m256i x = _mm256_set1_epi32(pair);
        UNROLLED
        for (int i = 0; i < 4; i++) {
          __m256i y = _mm256_loadu_si256((const __m256i *)(columns + 16 * i));
          sums[r][i] = _mm256_add_epi32(sums[r][i], _mm256_madd_epi16(x, y));
        }
      }
    }
    UNROLLED
    for (int r = 0; r < PRODUCT_ROWS; r++) {
      UNROLLED
      for (int i = 0; i < 4; i++)
        _mm256_storeu_si256((__m256i *)(c[r] + 8 * (half + i)), sums[r][i]);
    }
  }
}
