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
} ck_codec_kernels;

/// The kernels of an ISA that is available.
const ck_codec_kernels *_Nonnull ck_codec_kernels_of(ck_isa isa);

#pragma clang diagnostic pop

#endif
