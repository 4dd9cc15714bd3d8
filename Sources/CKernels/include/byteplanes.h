// Byte planes: byte p of every element, one plane after the other (spec/format.md, section 5.5).
#ifndef CK_BYTEPLANES_H
#define CK_BYTEPLANES_H

#include <stddef.h>
#include <stdint.h>

// A row that `ck_merge_planes` leaves out.
#define CK_NO_SLOT UINT32_MAX

// Splits `count` elements of `width` bytes (2 or 4) into `width` planes of `count` bytes each,
// which follow each other at `planes`.
void ck_split_planes(const uint8_t *elements, size_t count, size_t width, uint8_t *planes);

// Merges `rows` rows of `row_length` elements of `width` bytes (2 or 4). Byte p of the first
// element is planes[p][0]. Row r becomes row slots[r] of `out`, or is left out where that is
// CK_NO_SLOT; without slots, row r stays row r.
void ck_merge_planes(const uint8_t *const *planes, size_t width, size_t rows, size_t row_length,
                     const uint32_t *slots, uint8_t *out);

#endif
