// The few inner loops that Swift cannot express well. Nothing here allocates or keeps state.
//
// Every kernel is one C source, paths/kernels.inc and what it includes, compiled once a path: `plain`
// for any processor, `avx2`, `avx512` and `avx512bf16` for those x86 processors that have them. A path
// is a table of functions, chosen at run time. All paths compute the same formulas; sums differ in the
// last places, because wider vectors add in another order and fuse products into sums.
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
  CK_Q5_0 = 6,  // blocks of 32: f16 scale, 32 high bits, 16 bytes of two low halves, minus 16
  CK_Q5_1 = 7,  // blocks of 32: f16 scale, f16 minimum, 32 high bits, 16 bytes of two low halves
  CK_IQ4_NL = 8,  // blocks of 32: f16 scale, 16 bytes of two indices into a table
  // Blocks of 256 with scales of scales: in the order of their parts
  CK_Q2_K = 9,   // 16 × (4-bit scale, 4-bit minimum), 64 bytes of four 2-bit values, f16 scale, f16 minimum
  CK_Q3_K = 10,  // 256 high bits, 64 bytes of four 2-bit values, 16 × 6-bit scale, f16 scale
  CK_Q4_K = 11,  // f16 scale, f16 minimum, 8 × (6-bit scale, 6-bit minimum), 128 bytes of two 4-bit values
  CK_Q5_K = 12,  // the same with 256 high bits before the 128 bytes
  CK_Q6_K = 13,  // 128 bytes of two low halves, 64 bytes of four high bit pairs, 16 × int8 scale, f16 scale
} ck_type;

/// Rows of one head, its keys or its values: elements, or codes that stand for minimum + code · scale,
/// limited to ±65504 and rounded to the nearest element (spec/format.md, section 5.6). Rows stand
/// ck_row_bytes() apart.
typedef struct {
  const void *data;
  ck_type type;   // CK_F32, CK_F16 or CK_BF16: the elements, or what codes are rounded to
  unsigned bits;  // of a code: 8 or 4; 0 for elements
  // Of codes; each is a binary16's value. With `groups`, row r has those of group groups[r], one for each
  // column, a group's being filled up to a multiple of 16; without, row r has one for all columns.
  const float *scales, *minima;
  const uint32_t *groups;
} ck_rows;

/// Pairs of one head that are held alike. The queries of new token t see the first `before + t + 1` of them,
/// or all `count`, without the first `hidden[t]`.
typedef struct {
  ck_rows keys, values;
  size_t count, before;
  const size_t *hidden;  // ascending, one a token counted from 0, not from first_token; NULL: nothing is
} ck_pairs;

/// One call of `attend`: the query rows of one KV head against that head's keys and values.
///
/// Row r belongs to new token t = r / group. Each sees at least one pair.
/// `queries` and `output` hold the rows of token t and group member g at
/// t * token_stride + g * key_length (or value_length), the strides counted in floats.
typedef struct {
  const float *queries;
  float *output;
  const ck_pairs *pairs;  // `parts` of them, one after the other
  size_t parts;
  ck_type products;  // CK_F32, or CK_BF16 to round queries, keys, weights and values to bfloat16
  size_t first_token, token_count, group;
  size_t query_stride, output_stride;
  size_t key_length, value_length;
  float scale;
  float cap;       // scaled scores become cap · tanh(score / cap); 0 leaves them as they are
  float *scratch;  // ck_attend_scratch() floats, 64-byte aligned
} ck_attention;

/// One call of `attend_segment`: the query rows of one token against some of one KV head's pairs.
typedef struct {
  const float *queries;  // group × key_length
  ck_rows keys, values;
  size_t first, pairs;   // from which pair on, and how many, at least one
  size_t group, key_length, value_length;
  float scale, cap;  // as in ck_attention
  float *partials;  // group × ck_segment_floats() floats
  float *scratch;   // ck_segment_scratch() floats
} ck_segment;

/// How many outputs a panel of weights holds.
enum { CK_PANEL = 64 };

/// One call of `multiply_panel`: c (+)= a · panel, in bfloat16 with sums in float.
typedef struct {
  const uint16_t *a;   // rows × depth in bfloat16, each row padded with zeros to a multiple of 32
  size_t a_stride;     // in values, even
  const float *panel;  // made by `pack_panel`
  float *c;
  size_t c_stride;  // in floats
  size_t rows, depth;
  size_t columns;  // of c; at most CK_PANEL
  int accumulate;
} ck_product;

/// How many rows and tokens one call of `multiply_few` takes at most.
enum { CK_FEW_ROWS = 16, CK_FEW_TOKENS = 64 };

/// 32 values of a token, rounded to 16 bits.
typedef struct {
  int16_t words[32];
  float factor;  // what a word stands for
  float total;   // the sum of the values
} ck_words;

/// One call of `multiply_few`: y = x · rowsᵀ.
typedef struct {
  ck_type type;
  const void *const *rows;  // `count` rows of `depth` values
  size_t count, depth, tokens;
  const float *x;         // tokens × depth, unless the path takes words for the type:
  const ck_words *words;  // depth / 32 × tokens, made by `round_words`
  float *y;               // tokens × count
  size_t x_stride, y_stride;  // in floats
} ck_few;

/// The functions of one path.
typedef struct {
  const char *name;
  /// Whether one instruction multiplies and adds pairs of bfloat16, so that `multiply_panel` and
  /// attention in CK_BF16 are faster than products of floats. They give the same on every path, up to
  /// the order of sums and to numbers below 2^-126, which that instruction takes for zero.
  int has_bf16_dots;
  /// Decodes `count` values of one row; whole blocks.
  void (*dequantise)(ck_type type, const void *source, float *target, size_t count);
  /// y[r] = ⟨rows[r], x⟩ over `depth` values, straight from the rows' blocks. Against quantised rows a
  /// path may round each 32 values of x to 16 bits, so that products are exact integers.
  void (*dot)(
    ck_type type, const void *const *rows, size_t count, const float *x, size_t depth, float *y);
  /// Whether `multiply_few` takes words for rows of that type, as `dot` does by itself.
  int (*takes_words)(ck_type type);
  /// Rounds a row of whole blocks; its blocks stand `stride` apart, so that those of other tokens may
  /// stand between them.
  void (*round_words)(const float *x, size_t depth, size_t stride, ck_words *target);
  /// Multiplies some rows by few tokens, straight from the rows' blocks, each of which is decoded once.
  void (*multiply_few)(const ck_few *call);
  /// Rounds to the nearest binary16, ties to even.
  void (*narrow)(const float *source, uint16_t *target, size_t count);
  /// Rounds to the nearest bfloat16, ties to even.
  void (*narrow_bf16)(const float *source, uint16_t *target, size_t count);
  /// Whether every number is finite and at most `limit` in magnitude.
  int (*is_within)(const float *x, size_t count, float limit);
  /// target = x / sqrt(mean(x²) + epsilon) * weight (RMSNorm, arXiv 1910.07467).
  void (*rms_norm)(const float *x, const float *weight, float *target, size_t count, float epsilon);
  /// Rotates pairs (x[i], x[i + half]) by the angles whose cosines and sines are given (RoPE,
  /// arXiv 2104.09864, half-split layout).
  void (*rope)(float *x, const float *cosines, const float *sines, size_t half);
  /// gate = gate * sigmoid(gate) * up (SwiGLU, arXiv 2002.05202).
  void (*swiglu)(float *gate, const float *up, size_t count);
  /// gate = gelu(gate) * up, gelu in its form with tanh (GEGLU, arXiv 2002.05202; 1606.08415).
  void (*geglu)(float *gate, const float *up, size_t count);
  /// x = cap · tanh(x / cap) (arXiv 2408.00118).
  void (*soft_cap)(float *x, size_t count, float cap);
  /// scores = softmax(scale · scores), the scaled ones capped as in ck_attention.
  void (*softmax)(float *scores, size_t count, float scale, float cap);
  /// x += y
  void (*add)(float *x, const float *y, size_t count);
  /// Decodes up to CK_PANEL rows of weights into a panel of bfloat16s: the columns of a matrix product,
  /// pairs of the depth side by side. `panel` has ck_panel_floats(depth) floats; missing rows are zero.
  void (*pack_panel)(ck_type type, const void *const *rows, size_t count, size_t depth, float *panel);
  /// Multiplies rows by a panel.
  void (*multiply_panel)(const ck_product *call);
  /// Decodes some rows of `length` values, which in `target` stand a multiple of 16 apart. What fills a row up
  /// to that is of no meaning.
  void (*decode_rows)(const ck_rows *rows, size_t first, size_t count, size_t length, float *target);
  /// softmax(scale · queries · keysᵀ) · values, tile by tile with an online softmax
  /// (arXiv 2205.14135): no row of scores is ever whole.
  void (*attend)(const ck_attention *call);
  /// The same for one token over a segment of its pairs, in float; leaves sums that are yet to be joined.
  void (*attend_segment)(const ck_segment *call);
  /// The output of one query row from its sums over all segments, which stand `stride` floats apart.
  void (*join_segments)(
    const float *partials, size_t segments, size_t stride, size_t value_length, float *output);
  /// Quantises rows × columns values, at least one of each: x ≈ minimum + code · scale. Minima and scales
  /// are binary16s, one for each column; codes go from 0 to `levels`, at most 255. The minimum is the
  /// greatest binary16 that is not above any of the column's values, the scale the least that is not below
  /// (greatest value − minimum) / levels, the code the nearest of (x − minimum) / scale, ties to even; 0
  /// where the scale is. 0 if a value is not finite or beyond 65504: then nothing else counts.
  int (*quantise_columns)(
    const float *x, size_t rows, size_t columns, unsigned levels, uint16_t *scales, uint16_t *minima,
    uint8_t *codes);
  /// The same with one minimum and scale for each row.
  int (*quantise_rows)(
    const float *x, size_t rows, size_t columns, unsigned levels, uint16_t *scales, uint16_t *minima,
    uint8_t *codes);
  /// minimum + code · scale, rounded once, at most 65504 in magnitude; parameters by column.
  void (*restore_columns)(
    const uint8_t *codes, size_t rows, size_t columns, const uint16_t *scales, const uint16_t *minima,
    float *target);
  /// The same with parameters by row.
  void (*restore_rows)(
    const uint8_t *codes, size_t rows, size_t columns, const uint16_t *scales, const uint16_t *minima,
    float *target);
} ck_kernels;

/// How far apart rows of `length` values stand, in bytes. Rows of codes are filled up with zeros: those of 8
/// bits to a multiple of 16 codes. Of 4 bits, each 32 codes share 16 bytes, the first 16 in the low halves.
size_t ck_row_bytes(ck_type type, unsigned bits, size_t length);

/// How many floats of scratch memory `attend` needs for one call.
size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group);

/// How many floats the sums of one query row over a segment take.
size_t ck_segment_floats(size_t value_length);

/// How many floats of scratch memory `attend_segment` needs for one call.
size_t ck_segment_scratch(size_t key_length, size_t value_length, size_t group);

/// How many tokens one call of `attend` takes at most.
size_t ck_attend_tokens(size_t group);

/// How many cores this process may run on (`taskset`).
size_t ck_cores(void);

/// Lets the allocator keep so many separate heaps at the most. Each keeps what was freed in it, and which thread takes
/// which is left to chance: with many, a job's peak memory is, too.
void ck_limit_heaps(int count);

/// Tells the processor that this thread waits for another.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// How many floats a panel of that depth takes.
size_t ck_panel_floats(size_t depth);

/// The paths that this processor can run, the plain one first; NULL past the end.
const ck_kernels *ck_path(size_t index);

/// The path of that name, or the widest if this processor has none of it; the name may be NULL.
const ck_kernels *ck_path_named(const char *name);

#endif
