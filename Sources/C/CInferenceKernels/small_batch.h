// template, included once for each ISA: products of some rows of weights with a few tokens,
// straight from the rows' blocks. Sixteen rows become the lanes of vectors, and each block is
// decoded once for all tokens. Quantised rows are multiplied as integers where int16.h does so, all
// others as floats.

// Lane r of vector k becomes unit k of row r.
INLINE void to_lanes(const vector rows[16], vector lanes[16]) {
  UNROLLED for (int i = 0; i < 16; i++) lanes[i] = rows[i];
  transpose16(lanes);
}

// Half a block's values, in lanes, by the tokens' values.
INLINE void multiply_lanes(
  const vector rows[16], const float *x, size_t stride, size_t tokens, float *sums) {
  vector lanes[16];
  to_lanes(rows, lanes);
  for (size_t t = 0; t < tokens; t++, x += stride, sums += 16) {
    vector a = load(sums), b = {};
    UNROLLED for (int i = 0; i < 16; i += 2) {
      a += lanes[i] * x[i];
      b += lanes[i + 1] * x[i + 1];
    }
    store(sums, a + b);
  }
}

INLINE void multiply_small_batch_floats(ck_type type, const ck_small_batch *call, float *sums) {
  const size_t length = block_length(type);
  for (size_t k = 0; k < call->depth; k += 32) {
    vector low[16] = {}, high[16] = {};
    size_t rest = call->depth - k, stride = call->x_stride;
    for (size_t r = 0; r < call->count; r++) {
      const uint8_t *row = call->rows[r];
      if (rest < 32) decode_rest(type, row, k, call->depth, low + r, high + r);
      else {
        const uint8_t *block = row + k / length * block_bytes(type);
        decode32(type, block, k % length / 32, low + r, high + r);
      }
    }
    const float *x = call->x + k;
    float padded[32 * CK_SMALL_BATCH_TOKENS];
    if (rest < 32) {
      __builtin_memset(padded, 0, sizeof padded);
      for (size_t t = 0; t < call->tokens; t++)
        __builtin_memcpy(padded + 32 * t, x + t * stride, rest * 4);
      x = padded;
      stride = 32;
    }
    multiply_lanes(low, x, stride, call->tokens, sums);
    multiply_lanes(high, x + 16, stride, call->tokens, sums);
  }
}

#ifdef HAS_INT16_DOTS
// Types whose scales and minima belong to 32 values.
static int takes_int16(ck_type type) {
  switch (type) {
  case CK_Q8_0:
  case CK_Q4_0:
  case CK_Q4_1:
  case CK_Q5_0:
  case CK_Q5_1:
  case CK_IQ4_NL:
  case CK_Q4_K:
  case CK_Q5_K: return 1;
  default: return 0;
  }
}

INLINE void multiply_small_batch_int16(ck_type type, const ck_small_batch *call, float *sums) {
  const size_t length = block_length(type);
  for (size_t b = 0; b < call->depth / 32; b++) {
    vector integers[16] = {}, lanes[16];
    float scales[16] = {0}, minima[16] = {0};
    for (size_t r = 0; r < call->count; r++) {
      const uint8_t *p = (const uint8_t *)call->rows[r] + 32 * b / length * block_bytes(type);
      quants q = unpack(type, p, (int)(32 * b % length / 32));
      integers[r] = int16_units(q.numbers);
      scales[r] = q.scales[0];
      minima[r] = q.minima[0];
    }
    to_lanes(integers, lanes);
    vector scale = load(scales), minimum = load(minima);
    for (size_t t = 0; t < call->tokens; t++) {
      const ck_int16_block *x = call->int16 + b * call->tokens + t;
      vector result = load(sums + 16 * t) + int16_products(lanes, x->values) * (scale * x->factor);
      if (has_minima(type)) result += minimum * x->total;
      store(sums + 16 * t, result);
    }
  }
}

// Rounds each 32 values to 2^-16 of the greatest.
static void quantise_activations(
  const float *x, size_t depth, size_t stride, ck_int16_block *target) {
  for (size_t b = 0; b < depth / 32; b++, x += 32, target += stride) {
    vector low = load(x), high = load(x + 16);
    target->factor = round_block(low, high, 0, target->values, &target->total);
  }
}
#else
static int takes_int16(ck_type type) { return 0; }
INLINE void multiply_small_batch_int16(ck_type type, const ck_small_batch *call, float *sums) {}
static void quantise_activations(
  const float *x, size_t depth, size_t stride, ck_int16_block *target) {}
#endif

// Sixteen rows are sixteen places in memory: requested at once, they arrive at the same time.
static void prefetch_rows(const ck_small_batch *call) {
  size_t bytes = call->depth * block_bytes(call->type) / block_length(call->type);
  for (size_t r = 0; r < call->count; r++)
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const uint8_t *)call->rows[r] + i);
}

static void multiply_small_batch(const ck_small_batch *call) {
  prefetch_rows(call);
  float sums[16 * CK_SMALL_BATCH_TOKENS] __attribute__((aligned(64)));
  __builtin_memset(sums, 0, call->tokens * 64);
  ck_type type = call->type;
#define CALL(T)                                                  \
  if (takes_int16(T)) multiply_small_batch_int16(T, call, sums); \
  else multiply_small_batch_floats(T, call, sums)
  FOR_EACH_TYPE(CALL)
#undef CALL
  for (size_t t = 0; t < call->tokens; t++)
    __builtin_memcpy(call->y + t * call->y_stride, sums + 16 * t, call->count * 4);
}
