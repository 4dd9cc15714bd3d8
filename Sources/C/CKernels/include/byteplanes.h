// Byte planes: byte p of every element, one plane after the other (spec/format.md, section 5.5).
#ifndef CK_BYTEPLANES_H
#define CK_BYTEPLANES_H

#include <stddef.h>
#include <stdint.h>

// A row that is left out.
#define CK_NO_SLOT UINT32_MAX

// Splits rows × columns elements of `width` bytes (2 or 4): planes[p][r · columns + c] is byte p of the
// element in row r and column c.
void ck_split_rows(const uint8_t *elements, size_t rows, size_t columns, size_t width,
                   uint8_t *const *planes);

// Merges such planes. Row r becomes row slots[r] of `out`, or is left out where that is CK_NO_SLOT;
// without slots, row r stays row r.
void ck_merge_rows(const uint8_t *const *planes, size_t rows, size_t columns, size_t width,
                   const uint32_t *slots, uint8_t *out);

// The same by columns: planes[p][c · rows + r] is byte p of the element in row r and column c.
void ck_split_columns(const uint8_t *elements, size_t rows, size_t columns, size_t width,
                      uint8_t *const *planes);
void ck_merge_columns(const uint8_t *const *planes, size_t rows, size_t columns, size_t width,
                      const uint32_t *slots, uint8_t *out);

#endif
