// The engine's inner loops, which Swift cannot express well, compiled once for each ISA (CISA).
// Nothing here allocates or keeps state, but for `ck_limit_heaps`.
#ifndef CINFERENCEKERNELS_H
#define CINFERENCEKERNELS_H

#include <CISA.h>
#include <stddef.h>
#include <stdint.h>

// Only what Swift stores is marked as never null.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

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
  // Blocks of 256 with scales of scales; their parts in order:
  // 16 × (4-bit scale, 4-bit minimum), 64 bytes of four 2-bit values, f16 scale, f16 minimum
  CK_Q2_K = 9,
  // 256 high bits, 64 bytes of four 2-bit values, 16 × 6-bit scale, f16 scale
  CK_Q3_K = 10,
  // f16 scale, f16 minimum, 8 × (6-bit scale, 6-bit minimum), 128 bytes of two 4-bit values
  CK_Q4_K = 11,
  // the same with 256 high bits before the 128 bytes
  CK_Q5_K = 12,
  // 128 bytes of two low halves, 64 bytes of four high bit pairs, 16 × int8 scale, f16 scale
  CK_Q6_K = 13,
} ck_type;

/// Rows of one head, its keys or its values, ck_row_bytes() apart: elements, or codes. A code means
/// minimum + code · scale, limited to ±65504 and rounded to the nearest element (spec/format.md,
/// section 5.6).
typedef struct {
  const void *data;
  ck_type type;   // CK_F32, CK_F16 or CK_BF16: the elements, or what codes are rounded to
  unsigned bits;  // of a code: 8 or 4; 0 for elements
  // For codes; each is a binary16's value. With `groups`, row r has those of group groups[r], one
  // for each column; each group is padded to a multiple of 16. Without, row r has one for all
  // columns.
  const float *scales, *minima;
  const uint32_t *groups;
} ck_rows;

/// Pairs of one head that are held alike. The queries of new token t see the first `before + t + 1`
/// of them, or all `count`, without the first `out_of_window[t]`.
typedef struct {
  ck_rows keys, values;
  size_t count, before;
  // Ascending, one for each token, counted from 0, not from first_token. NULL: no window.
  const size_t *out_of_window;
} ck_pairs;

/// One call of `attend`: the query rows of one KV head against that head's keys and values.
///
/// Row r belongs to new token t = r / group. Each sees at least one pair.
/// `queries` and `output` hold the rows of token t and group member g at
/// t * token_stride + g * key_length (or value_length), the strides counted in floats.
typedef struct {
  const float *queries;
  float *output;
  float *denominators;  // of each row's softmax, logarithms to the base 2. NULL: not wanted
  const ck_pairs *pairs;  // `parts` of them, one after the other
  size_t parts;
  ck_type products;  // CK_F32, or CK_BF16 to round queries, keys, weights and values to bfloat16
  size_t first_token, token_count, group;
  size_t query_stride, output_stride, denominator_stride;
  size_t key_length, value_length;
  float scale;
  float cap;  // scaled scores become cap · tanh(score / cap); 0 leaves them as they are
  float *scratch;  // ck_attend_scratch() floats, 64-byte aligned
} ck_attention;

/// One call of `peak`: the greatest weight of any query row on some pairs of the first part.
typedef struct {
  // As in a call of `attend` that left the denominators; it may have any number of tokens.
  ck_attention attention;
  size_t first, pairs;  // the first pair, and how many
  float *peaks;  // logarithms to the base 2, one for each of them; the greater one stays
} ck_peak;

/// One call of `attend_split`: the query rows of one token against some of one KV head's pairs.
typedef struct {
  const float *queries;  // group × key_length
  ck_rows keys, values;
  size_t first, pairs;  // the first pair, and how many, at least one
  size_t group, key_length, value_length;
  float scale, cap;  // as in ck_attention
  float *partials;  // group × ck_split_floats() floats
  float *scratch;  // ck_split_scratch() floats
} ck_split;

/// How many outputs a panel of weights holds.
enum { CK_PANEL = 64 };

/// One call of `multiply_panel`: c (+)= a · panel, in bfloat16 with sums in float.
typedef struct {
  const uint16_t *a;  // rows × depth in bfloat16, each row padded with zeros to a multiple of 32
  size_t a_stride;  // in values, even
  const float *panel;  // made by `pack_panel`
  float *c;
  size_t c_stride;  // in floats
  size_t rows, depth;
  size_t columns;  // of c; at most CK_PANEL
  int accumulate;
} ck_product;

/// How many rows and tokens one call of `multiply_small_batch` takes at most.
enum { CK_SMALL_BATCH_ROWS = 16, CK_SMALL_BATCH_TOKENS = 64 };

/// 32 activations of a token, rounded to 16 bits: each is values[i] · factor.
typedef struct {
  int16_t values[32];
  float factor;
  float total;  // the sum of the activations
} ck_int16_block;

/// One call of `dot`: y[r] = ⟨rows[r], x⟩.
typedef struct {
  ck_type type;
  const void *const *rows;  // `count` rows of `depth` values
  size_t count, depth;
  const float *x;
  float *y;
} ck_dot;

/// One call of `multiply_small_batch`: y = x · rowsᵀ.
typedef struct {
  ck_type type;
  const void *const *rows;  // `count` rows of `depth` values
  size_t count, depth, tokens;
  const float *x;  // tokens × depth, unless `takes_int16` for the type; then:
  const ck_int16_block *int16;  // depth / 32 × tokens, made by `quantise_activations`
  float *y;  // tokens × count
  size_t x_stride, y_stride;  // in floats
} ck_small_batch;

/// The functions of one ISA.
typedef struct {
  /// Whether one instruction multiplies and adds pairs of bfloat16, so that `multiply_panel` and
  /// attention in CK_BF16 are faster than products of floats. They give the same on every ISA, up
  /// to the order of sums and to numbers below 2^-126, which that instruction takes for zero.
  int has_bf16_dots;
  /// Decodes `count` values of one row; whole blocks.
  void (*dequantise)(ck_type type, const void *source, float *target, size_t count);
  /// Multiplies some rows by one token, straight from the rows' blocks. For quantised rows an ISA
  /// may round each 32 values of x to 16 bits, so that products are exact integers.
  void (*dot)(const ck_dot *call);
  /// Whether `multiply_small_batch` takes int16 activations for rows of that type.
  int (*takes_int16)(ck_type type);
  /// Rounds a row of whole blocks to int16 activations. Its blocks are `stride` apart in `target`,
  /// so that those of other tokens may lie between them.
  void (*quantise_activations)(const float *x, size_t depth, size_t stride, ck_int16_block *target);
  /// Multiplies some rows by a few tokens, straight from the rows' blocks. Each block is decoded
  /// once.
  void (*multiply_small_batch)(const ck_small_batch *call);
  /// Rounds to the nearest binary16, ties to even.
  void (*f16_from_float)(const float *source, uint16_t *target, size_t count);
  /// Rounds to the nearest bfloat16, ties to even.
  void (*bf16_from_float)(const float *source, uint16_t *target, size_t count);
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
  /// Decodes up to CK_PANEL rows of weights into a panel of bfloat16s: the columns of a matrix
  /// product, pairs of the depth side by side. `panel` has ck_panel_floats(depth) floats; missing
  /// rows are zero.
  void (*pack_panel)(
    ck_type type, const void *const *rows, size_t count, size_t depth, float *panel);
  /// Multiplies rows by a panel.
  void (*multiply_panel)(const ck_product *call);
  /// Decodes some rows of `length` values, which `target` has a multiple of 16 apart. The padding
  /// of a row has no meaning.
  void (*decode_rows)(
    const ck_rows *rows, size_t first, size_t count, size_t length, float *target);
  /// softmax(scale · queries · keysᵀ) · values, tile by tile with an online softmax
  /// (FlashAttention, arXiv 2205.14135): no row of scores is ever whole.
  void (*attend)(const ck_attention *call);
  /// The same for one token over a split of its pairs, in float (Flash-Decoding). `merge_splits`
  /// makes the output of the partial sums that this leaves.
  void (*attend_split)(const ck_split *call);
  /// The greatest weight of each of some pairs in the softmax of `attend`.
  void (*peak)(const ck_peak *call);
  /// The output of one query row from its sums over all splits, which are `stride` floats apart.
  void (*merge_splits)(
    const float *partials, size_t splits, size_t stride, size_t value_length, float *output);
} ck_inference_kernels;

/// How far apart rows of `length` values are, in bytes. Rows of codes are padded with zeros: those
/// of 8 bits to a multiple of 16 codes. Each 32 codes of 4 bits share 16 bytes, the first 16 in the
/// low halves.
size_t ck_row_bytes(ck_type type, unsigned bits, size_t length);

/// How many floats of scratch memory `attend` needs for one call.
size_t ck_attend_scratch(size_t key_length, size_t value_length, size_t group);

/// How many floats the sums of one query row over a split take.
size_t ck_split_floats(size_t value_length);

/// How many floats of scratch memory `attend_split` needs for one call.
size_t ck_split_scratch(size_t key_length, size_t value_length, size_t group);

/// How many tokens one call of `attend` takes at most.
size_t ck_attend_tokens(size_t group);

/// How many cores this process may run on (`taskset`).
size_t ck_cores(void);

/// Limits the allocator to `count` separate heaps. Each keeps what was freed in it, and which
/// thread takes which is left to chance: with many heaps, a job's peak memory is, too.
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

/// The kernels of an ISA that is available.
const ck_inference_kernels *_Nonnull ck_inference_kernels_of(ck_isa isa);

#pragma clang diagnostic pop

#endif
