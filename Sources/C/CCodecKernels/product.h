// template, included once for each ISA: products of small integers, exact modulo 2^32, so that all
// ISAs give the same bits.

// A tile of up to PRODUCT_ROWS rows by a panel's CK_PANEL_COLUMNS columns.
#ifndef HAS_PRODUCT_TILE
enum { PRODUCT_ROWS = 1 };

INLINE void product_tile(
  const int16_t *const *a, size_t depth, const int16_t *panel, int32_t *const *c) {
  uint32_t sums[CK_PANEL_COLUMNS] = {0};
  for (size_t k = 0; k < depth; k += 2, panel += 2 * CK_PANEL_COLUMNS) {
    int32_t x = a[0][k], y = a[0][k + 1];
    for (int i = 0; i < CK_PANEL_COLUMNS; i++)
      sums[i] += (uint32_t)(x * panel[2 * i]) + (uint32_t)(y * panel[2 * i + 1]);
  }
  __builtin_memcpy(c[0], sums, sizeof sums);
}
#endif

static void multiply_int16(const ck_int16_product *call) {
  for (size_t row = 0; row < call->rows; row += PRODUCT_ROWS) {
    // Rows beyond the last repeat it.
    const int16_t *a[PRODUCT_ROWS];
    int32_t *c[PRODUCT_ROWS];
    for (size_t i = 0; i < PRODUCT_ROWS; i++) {
      size_t r = row + i < call->rows ? row + i : call->rows - 1;
      a[i] = call->a + r * call->a_stride;
      c[i] = call->c + r * call->c_stride;
    }
    product_tile(a, call->depth, call->panel, c);
  }
}
