// template, included once for each ISA: matrix products a · b, a register tile at a time. Along the
// depth both sides are made of 32-bit units: a float, or two bfloat16s (`pairs`) whose products are
// added together. Units are passed as floats, but pairs are never read as floats.

// c[rows × 16·vectors] (+)= a[rows × units] · b[units × 16·vectors].
INLINE void multiply_tile(int pairs, int rows, int vectors, size_t units, const float *a,
  size_t lda, const float *b, size_t ldb, float *c, size_t ldc, int accumulate) {
  vector acc[TILE_ROWS][TILE_VECTORS];
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < vectors; j++)
      acc[i][j] = accumulate ? load(c + i * ldc + 16 * j) : (vector){};
  for (size_t k = 0; k < units; k++) {
    vector line[TILE_VECTORS];
    for (int j = 0; j < vectors; j++) line[j] = load(b + k * ldb + 16 * j);
    for (int i = 0; i < rows; i++) {
      vector x = splat(a[i * lda + k]);
      for (int j = 0; j < vectors; j++)
        acc[i][j] = pairs ? dot_pairs(acc[i][j], x, line[j]) : acc[i][j] + x * line[j];
    }
  }
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < vectors; j++) store(c + i * ldc + 16 * j, acc[i][j]);
}

INLINE void multiply_columns(int pairs, int vectors, size_t rows, size_t units, const float *a,
  size_t lda, const float *b, size_t ldb, float *c, size_t ldc, int accumulate) {
  size_t i = 0;
  for (; i + TILE_ROWS <= rows; i += TILE_ROWS)
    multiply_tile(
      pairs, TILE_ROWS, vectors, units, a + i * lda, lda, b, ldb, c + i * ldc, ldc, accumulate);
  for (; i < rows; i++)
    multiply_tile(pairs, 1, vectors, units, a + i * lda, lda, b, ldb, c + i * ldc, ldc, accumulate);
}

// Columns are a multiple of 16.
INLINE void multiply_units(int pairs, size_t rows, size_t columns, size_t units, const float *a,
  size_t lda, const float *b, size_t ldb, float *c, size_t ldc, int accumulate) {
  size_t j = 0;
  for (; j + 16 * TILE_VECTORS <= columns; j += 16 * TILE_VECTORS)
    multiply_columns(pairs, TILE_VECTORS, rows, units, a, lda, b + j, ldb, c + j, ldc, accumulate);
  for (; j < columns; j += 16)
    multiply_columns(pairs, 1, rows, units, a, lda, b + j, ldb, c + j, ldc, accumulate);
}

// Each kind of unit gets code of its own.
static void multiply(int pairs, size_t rows, size_t columns, size_t units, const float *a,
  size_t lda, const float *b, size_t ldb, float *c, size_t ldc, int accumulate) {
  if (pairs) multiply_units(1, rows, columns, units, a, lda, b, ldb, c, ldc, accumulate);
  else multiply_units(0, rows, columns, units, a, lda, b, ldb, c, ldc, accumulate);
}

// Sixteen rows become 16 columns of a panel, 32 values of depth at a time.
INLINE void pack_columns(
  ck_type type, const void *const *rows, size_t count, size_t depth, float *panel) {
  const size_t length = block_length(type);
  for (size_t k = 0; k < depth; k += 32) {
    vector units[16];
    for (size_t r = 0; r < 16; r++) {
      vector low = {}, high = {};
      if (r < count) {
        const uint8_t *row = rows[r];
        if (depth - k < 32) decode_rest(type, row, k, depth, &low, &high);
        else decode32(type, row + k / length * block_bytes(type), k % length / 32, &low, &high);
      }
      units[r] = paired(low, high);
    }
    transpose16(units);
    for (size_t u = 0; u < 16; u++) store(panel + (k / 2 + u) * CK_PANEL, units[u]);
  }
}

static void pack_panel(
  ck_type type, const void *const *rows, size_t count, size_t depth, float *panel) {
  for (size_t j = 0; j < CK_PANEL; j += 16) {
    size_t columns = count <= j ? 0 : count - j < 16 ? count - j : 16;
#define CALL(T) pack_columns(T, rows + j, columns, depth, panel + j)
    FOR_EACH_TYPE(CALL)
#undef CALL
  }
}

// A panel that is not full goes through a tile of its own, so that nothing beyond c is touched.
static void multiply_part(const ck_product *call, size_t units) {
  float tile[TILE_ROWS * CK_PANEL];
  for (size_t i = 0; i < call->rows; i += TILE_ROWS) {
    size_t rows = call->rows - i < TILE_ROWS ? call->rows - i : TILE_ROWS;
    const float *a = (const float *)(call->a + i * call->a_stride);
    multiply(
      1, rows, CK_PANEL, units, a, call->a_stride / 2, call->panel, CK_PANEL, tile, CK_PANEL, 0);
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < call->columns; j++) {
        float *c = call->c + (i + r) * call->c_stride + j, product = tile[r * CK_PANEL + j];
        *c = call->accumulate ? *c + product : product;
      }
  }
}

static void multiply_panel(const ck_product *call) {
  size_t units = (call->depth + 31) / 32 * 16;
  if (call->columns < CK_PANEL) multiply_part(call, units);
  else
    multiply(1, call->rows, CK_PANEL, units, (const float *)call->a, call->a_stride / 2,
      call->panel, CK_PANEL, call->c, call->c_stride, call->accumulate);
}
