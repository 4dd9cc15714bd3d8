// The few inner loops that Swift cannot express well. Nothing here allocates or keeps state.
//
// Every kernel is one C source, paths/kernels.inc, compiled once a path: `plain` for any processor,
// `avx2` and `avx512` for those x86 processors that have them. A path is a table of functions, chosen
// at run time. All paths compute the same formulas; sums differ in the last places, because wider
// vectors add in another order and fuse products into sums.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "byteplanes.h"

#include <stddef.h>
#include <stdint.h>

/// Element and block types of weights and caches.
typedef enum {
  CK_F32 = 0,
  CK_F16 = 1,
  CK_BF16 = 2,
  CK_Q8_0 = 3,  // blocks of 32: f16 scale, 32 × int8
  CK_Q4_0 = 4,  // blocks of 32: f16 scale, 16 bytes of two 4-bit values, minus 8
  CK_Q4_1 = 5,  // blocks of 32: f16 scale, f16 minimum, 16 bytes of two 4-bit values
} ck_type;

/// One call of `attend`: the query rows of one KV head against that head's keys and values.
///
/// Row r belongs to new token r / group and sees the first `before + r / group + 1` pairs.
/// `queries` and `output` hold the rows of token t and group member g at
/// t * token_stride + g * key_length (or value_length), the strides counted in floats.
typedef struct {
  const float *queries;
  float *output;
  const void *keys;    // pairs × key_length elements of `type`
  const void *values;  // pairs × value_length elements of `type`
  ck_type type;        // CK_F32 or CK_F16
  size_t first_token, token_count, group, before;
  size_t query_stride, output_stride;
  size_t key_length, value_length;
  float scale;
  float *scratch;  // ck_attend_scratch() floats, 64-byte aligned
} ck_attention;

/// The functions of one path.
typedef struct {
  const char *name;
  /// Decodes `count` values of one row; whole blocks.
  void (*dequantise)(ck_type type, const void *source, float *target, size_t count);
  /// ⟨row, x⟩ over `count` values, straight from the row's blocks.
  float (*dot)(ck_type type, const void *row, const float *x, size_t count);
  /// Rounds to the nearest binary16, ties to even.
  void (*narrow)(const float *source, uint16_t *target, size_t count);
  /// target = x / sqrt(mean(x²) + epsilon) * weight (RMSNorm, arXiv 1910.07467).
  void (*rms_norm)(const float *x, const float *weight, float *target, size_t count, float epsilon);
  /// Rotates pairs (x[i], x[i + half]) by the angles whose cosines and sines are given (RoPE,
  /// arXiv 2104.09864, half-split layout).
  void (*rope)(float *x, const float *cosines, const float *sines, size_t half);
  /// gate = gate * sigmoid(gate) * up (SwiGLU, arXiv 2002.05202).
  void (*swiglu)(float *gate, const float *up, size_t count);
  /// x += y
  void (*add)(float *x, const float *y, size_t count);
  /// softmax(scale · queries · keysᵀ) · values, tile by tile with an online softmax
  /// (arXiv 2205.14135): no row of scores is ever whole.
  void (*attend)(const ck_attention *call);
} ck_kernels;

/// How many floats of scratch memory `attend` needs for one call.
size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group);

/// How many tokens one call of `attend` takes at most.
size_t ck_attend_tokens(size_t group);

/// The paths that this processor can run, the plain one first; NULL past the end.
const ck_kernels *ck_path(size_t index);

#endif
