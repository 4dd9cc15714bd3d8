#include "byteplanes.h"

static void split2(
  const uint8_t *restrict elements, size_t count, uint8_t *restrict low, uint8_t *restrict high) {
  for (size_t i = 0; i < count; i++) {
    low[i] = elements[2 * i];
    high[i] = elements[2 * i + 1];
  }
}

static void split4(const uint8_t *restrict elements, size_t count, uint8_t *restrict p0,
  uint8_t *restrict p1, uint8_t *restrict p2, uint8_t *restrict p3) {
  for (size_t i = 0; i < count; i++) {
    p0[i] = elements[4 * i];
    p1[i] = elements[4 * i + 1];
    p2[i] = elements[4 * i + 2];
    p3[i] = elements[4 * i + 3];
  }
}

static void split(
  const uint8_t *restrict elements, size_t count, size_t width, uint8_t *const *restrict planes) {
  for (size_t i = 0; i < count; i++)
    for (size_t p = 0; p < width; p++) planes[p][i] = elements[i * width + p];
}

void ck_split_rows(const uint8_t *elements, ck_planes shape, uint8_t *const *planes) {
  size_t count = shape.rows * shape.columns;
  if (shape.width == 2) {
    split2(elements, count, planes[0], planes[1]);
  } else if (shape.width == 4) {
    split4(elements, count, planes[0], planes[1], planes[2], planes[3]);
  } else {
    split(elements, count, shape.width, planes);
  }
}

static void merge2(
  const uint8_t *restrict low, const uint8_t *restrict high, size_t count, uint8_t *restrict out) {
  for (size_t i = 0; i < count; i++) {
    out[2 * i] = low[i];
    out[2 * i + 1] = high[i];
  }
}

static void merge4(const uint8_t *restrict p0, const uint8_t *restrict p1,
  const uint8_t *restrict p2, const uint8_t *restrict p3, size_t count, uint8_t *restrict out) {
  for (size_t i = 0; i < count; i++) {
    out[4 * i] = p0[i];
    out[4 * i + 1] = p1[i];
    out[4 * i + 2] = p2[i];
    out[4 * i + 3] = p3[i];
  }
}

static void merge(
  const uint8_t *const *planes, size_t from, size_t count, size_t width, uint8_t *restrict out) {
  for (size_t i = 0; i < count; i++)
    for (size_t p = 0; p < width; p++) out[i * width + p] = planes[p][from + i];
}

void ck_merge_rows(
  const uint8_t *const *planes, ck_planes shape, const uint32_t *slots, uint8_t *out) {
  size_t rows = shape.rows, columns = shape.columns, width = shape.width;
  // Rows that keep their places merge as one.
  size_t length = slots ? columns : rows * columns, count = slots ? rows : 1;
  for (size_t row = 0; row < count; row++) {
    size_t slot = slots ? slots[row] : row;
    if (slots && slot == CK_NO_SLOT) continue;
    size_t from = row * length;
    uint8_t *to = out + slot * length * width;
    if (width == 2) {
      merge2(planes[0] + from, planes[1] + from, length, to);
    } else if (width != 4) {
      merge(planes, from, length, width, to);
    } else {
      merge4(planes[0] + from, planes[1] + from, planes[2] + from, planes[3] + from, length, to);
    }
  }
}

// Tiles of 8 × 8 elements of two bytes are transposed in registers. The rest, and wider elements,
// are taken one by one. One cache line of a plane's column holds ROW_BLOCK rows.
enum { TILE = 8, ROW_BLOCK = 64 };
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint16_t units __attribute__((vector_size(16)));

static inline void transpose8(units r[8]) {
#define SWAP(d, first, second)                          \
  for (int i = 0; i < 8; i++)                           \
    if (!(i & d)) {                                     \
      units a = r[i], b = r[i + d];                     \
      r[i] = __builtin_shufflevector(a, b, first);      \
      r[i + d] = __builtin_shufflevector(a, b, second); \
    }
#define LIST(...) __VA_ARGS__
  SWAP(1, LIST(0, 8, 2, 10, 4, 12, 6, 14), LIST(1, 9, 3, 11, 5, 13, 7, 15))
  SWAP(2, LIST(0, 1, 8, 9, 4, 5, 12, 13), LIST(2, 3, 10, 11, 6, 7, 14, 15))
  SWAP(4, LIST(0, 1, 2, 3, 8, 9, 10, 11), LIST(4, 5, 6, 7, 12, 13, 14, 15))
#undef SWAP
#undef LIST
}

// Eight columns of eight rows; `at` is the first element's place in the planes.
static void split_tile(
  const uint8_t *elements, size_t row_bytes, size_t rows, size_t at, uint8_t *const *planes) {
  units tile[TILE];
  for (int r = 0; r < TILE; r++) __builtin_memcpy(&tile[r], elements + r * row_bytes, 16);
  transpose8(tile);
  for (int c = 0; c < TILE; c++) {
    bytes16 b = (bytes16)tile[c];
    bytes8 low = __builtin_shufflevector(b, b, 0, 2, 4, 6, 8, 10, 12, 14);
    bytes8 high = __builtin_shufflevector(b, b, 1, 3, 5, 7, 9, 11, 13, 15);
    __builtin_memcpy(planes[0] + at + c * rows, &low, 8);
    __builtin_memcpy(planes[1] + at + c * rows, &high, 8);
  }
}

// Columns of planes are `rows` elements apart. A row of the tile goes to its target, unless that is
// NULL.
static void merge_tile(
  const uint8_t *low, const uint8_t *high, size_t rows, uint8_t *const *targets, size_t offset) {
  units tile[TILE];
  for (int c = 0; c < TILE; c++, low += rows, high += rows) {
    bytes8 l, h;
    __builtin_memcpy(&l, low, 8);
    __builtin_memcpy(&h, high, 8);
    tile[c] =
      (units)__builtin_shufflevector(l, h, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  }
  transpose8(tile);
  for (int r = 0; r < TILE; r++)
    if (targets[r]) __builtin_memcpy(targets[r] + offset, &tile[r], 16);
}

void ck_split_columns(const uint8_t *elements, ck_planes shape, uint8_t *const *planes) {
  size_t rows = shape.rows, columns = shape.columns, width = shape.width;
  size_t row_bytes = columns * width;
  size_t tiled = width == 2 ? columns / TILE * TILE : 0;
  for (size_t start = 0; start < rows; start += ROW_BLOCK) {
    size_t end = rows - start < ROW_BLOCK ? rows : start + ROW_BLOCK;
    size_t tiled_end = start + (end - start) / TILE * TILE;
    for (size_t c = 0; c < tiled; c += TILE)
      for (size_t r = start; r < tiled_end; r += TILE)
        split_tile(elements + r * row_bytes + c * width, row_bytes, rows, c * rows + r, planes);
    for (size_t r = start; r < end; r++)
      for (size_t c = r < tiled_end ? tiled : 0; c < columns; c++)
        for (size_t p = 0; p < width; p++)
          planes[p][c * rows + r] = elements[r * row_bytes + c * width + p];
  }
}

void ck_merge_columns(
  const uint8_t *const *planes, ck_planes shape, const uint32_t *slots, uint8_t *out) {
  size_t rows = shape.rows, columns = shape.columns, width = shape.width;
  size_t row_bytes = columns * width;
  size_t tiled = width == 2 ? columns / TILE * TILE : 0;
  for (size_t start = 0; start < rows; start += ROW_BLOCK) {
    size_t count = rows - start < ROW_BLOCK ? rows - start : ROW_BLOCK;
    size_t tiled_rows = count / TILE * TILE;
    uint8_t *targets[ROW_BLOCK];
    for (size_t r = 0; r < count; r++) {
      size_t slot = slots ? slots[start + r] : start + r;
      targets[r] = slots && slot == CK_NO_SLOT ? NULL : out + slot * row_bytes;
    }
    for (size_t c = 0; c < tiled; c += TILE)
      for (size_t r = 0; r < tiled_rows; r += TILE) {
        size_t at = c * rows + start + r;
        merge_tile(planes[0] + at, planes[1] + at, rows, targets + r, c * width);
      }
    for (size_t r = 0; r < count; r++) {
      if (!targets[r]) continue;
      for (size_t c = r < tiled_rows ? tiled : 0; c < columns; c++)
        for (size_t p = 0; p < width; p++)
          targets[r][c * width + p] = planes[p][c * rows + start + r];
    }
  }
}
