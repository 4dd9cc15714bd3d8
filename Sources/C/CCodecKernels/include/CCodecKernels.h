// The codec's inner loops: byte planes, quantisation, and conversions of elements. Nothing here
// allocates or keeps state.
#ifndef CCODECKERNELS_H
#define CCODECKERNELS_H

#include "byteplanes.h"

#include <CISA.h>
#include <stddef.h>
#include <stdint.h>

// Only what Swift stores is marked as never null.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

/// What is quantised: rows × columns values, at least one of each, with codes from 0 to `levels`.
typedef struct {
  size_t rows, columns;
  unsigned levels;  // at most 255
} ck_quantisation;

/// How many lanes the rANS coder interleaves.
enum { CK_RANS_LANES = 32 };

/// How many columns a panel of a product holds.
enum { CK_PANEL_COLUMNS = 64 };

/// A plane of symbols, one a token.
typedef struct {
  uint8_t table;  // which table, before a token's gain is added
  uint8_t last;  // the greatest table with a gain; 0: gains do not count
} ck_rans_plane;

/// One call of `decode_planes`.
typedef struct {
  const ck_rans_plane *planes;
  size_t plane_count, tokens;
  const int8_t *gains;  // one a token
  // 4,096 entries a table: symbol (8 bits), place among the symbol's entries (12), how many (12).
  const uint32_t *tables;
  const uint16_t *words;
  size_t word_count;
  uint32_t *states;  // CK_RANS_LANES of at least 2^16, which the call changes
  int8_t *symbols;  // [planes][stride]
  size_t stride;  // at least the tokens
} ck_rans;

/// One call of `multiply_int16`: c = a · panel, modulo 2^32.
typedef struct {
  const int16_t *a;  // [rows][depth], the rows `a_stride` apart
  const int16_t *panel;  // [depth / 2][CK_PANEL_COLUMNS][2]
  int32_t *c;  // [rows][CK_PANEL_COLUMNS], the rows `c_stride` apart
  size_t rows, depth;  // the depth is even
  size_t a_stride, c_stride;
} ck_int16_product;

/// The functions of one ISA. All ISAs give the same bits, but for bfloat16s below 2^-126: ISAs with
/// an instruction for them give zero.
typedef struct {
  /// Rounds to the nearest binary16, ties to even.
  void (*f16_from_float)(const float *source, uint16_t *target, size_t count);
  /// Rounds to the nearest bfloat16, ties to even.
  void (*bf16_from_float)(const float *source, uint16_t *target, size_t count);
  /// From binary16s, at any address.
  void (*float_from_f16)(const void *source, float *target, size_t count);
  /// From bfloat16s, at any address.
  void (*float_from_bf16)(const void *source, float *target, size_t count);
  /// Quantises values: x ≈ minimum + code · scale (spec/format.md, section 5.6). Minima and scales
  /// are binary16s, one of each for a column. The minimum is the greatest binary16 that is not
  /// above any of the column's values. The scale is the least that is not below (greatest value −
  /// minimum) / levels. The code is the nearest of (x − minimum) / scale, ties to even, and 0 where
  /// the scale is.
  ///
  /// 0 if a value is not finite or beyond ±65504: the results then have no meaning.
  int (*quantise_columns)(
    const float *x, ck_quantisation shape, uint16_t *scales, uint16_t *minima, uint8_t *codes);
  /// The same with one minimum and scale for each row.
  int (*quantise_rows)(
    const float *x, ck_quantisation shape, uint16_t *scales, uint16_t *minima, uint8_t *codes);
  /// minimum + code · scale, rounded once, at most 65504 in magnitude; parameters by column. The
  /// levels do not matter.
  void (*restore_columns)(const uint8_t *codes, ck_quantisation shape, const uint16_t *scales,
    const uint16_t *minima, float *target);
  /// The same with parameters by row.
  void (*restore_rows)(const uint8_t *codes, ck_quantisation shape, const uint16_t *scales,
    const uint16_t *minima, float *target);
  /// Decodes planes that the rANS coder wrote, one after the other. 0 if the words do not end
  /// exactly with the last symbol, or a state is not what the coder began with.
  int (*decode_planes)(const ck_rans *call);
  /// Products of integers.
  void (*multiply_int16)(const ck_int16_product *call);
} ck_codec_kernels;

/// The kernels of an ISA that is available.
const ck_codec_kernels *_Nonnull ck_codec_kernels_of(ck_isa isa);

#pragma clang diagnostic pop

#endif
