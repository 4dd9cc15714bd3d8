// Byte planes: byte p of every element, one plane after the other (spec/format.md, section 5.5).
#ifndef CK_BYTEPLANES_H
#define CK_BYTEPLANES_H

#include <stddef.h>
#include <stdint.h>

/// A row that is left out.
#define CK_NO_SLOT UINT32_MAX

/// rows × columns elements of `width` bytes. Widths of 2 and 4 are fast.
typedef struct {
  size_t rows, columns, width;
} ck_planes;

/// Splits elements: planes[p][r · columns + c] is byte p of the element in row r and column c.
void ck_split_rows(const uint8_t *elements, ck_planes shape, uint8_t *const *planes);

/// Merges such planes. Row r becomes row slots[r] of `out`, or is left out where that is
/// CK_NO_SLOT. Without slots, row r stays row r.
void ck_merge_rows(
  const uint8_t *const *planes, ck_planes shape, const uint32_t *slots, uint8_t *out);

/// Splits by columns: planes[p][c · rows + r] is byte p of the element in row r and column c.
void ck_split_columns(const uint8_t *elements, ck_planes shape, uint8_t *const *planes);

/// Merges planes by columns; slots as in `ck_merge_rows`.
void ck_merge_columns(
  const uint8_t *const *planes, ck_planes shape, const uint32_t *slots, uint8_t *out);

#endif
