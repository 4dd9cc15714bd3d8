// template, included once for each ISA: dot products of rows with one token. Rows of blocks are
// multiplied as integers where int16.h does so, all others as floats.

#ifdef HAS_INT16_DOTS
// How many bytes ahead rows are fetched: they follow each other, and memory answers late.
enum { AHEAD = 2048 };

// The products of one block, without its scale.
INLINE vector multiply_block(ck_type type, const uint8_t *p, const int16_t *x) {
  return type == CK_Q8_0 ? multiply_bytes((sbytes32)load32(p + 2), x) : multiply_nibbles(p + 4, x);
}

INLINE float dot_int16(ck_type type, const uint8_t *p, const int16_vector *x, size_t blocks) {
  vector products = {};
  vector4 minima = {};
  size_t b = 0;
  // Two blocks at a time: their scales become floats together, and neither waits for the other's
  // sum.
  if (type == CK_Q4_1 || type == CK_Q8_0) {
    const size_t size = block_bytes(type);
    vector others = {};
    for (; b + 2 <= blocks; b += 2, p += 2 * size) {
      __builtin_prefetch(p + AHEAD);
      vector4 scales = scale_pairs(p, p + size, x->factors[b]);
      products += multiply_block(type, p, x->values + 32 * b) * scales[0];
      others += multiply_block(type, p + size, x->values + 32 * b + 32) * scales[2];
      if (type == CK_Q4_1) minima += scales;
    }
    products += others;
    minima[1] += minima[3];
  }
  const size_t parts = block_length(type) / 32;
  for (; b < blocks; b += parts, p += block_bytes(type)) {
    EACH_PART(part, block_length(type)) {
      __builtin_prefetch(p + AHEAD);
      const int16_t *values = x->values + 32 * (b + part);
      const float *factors = x->factors[b + part];
      if (type == CK_Q4_1) {
        vector4 pair = scale_pair(p, factors);
        products += multiply_nibbles(p + 4, values) * pair[0];
        minima += pair;
      } else if (type == CK_Q4_0) {
        float scale = scalar_from_f16(p);
        products += multiply_nibbles(p + 2, values) * (scale * factors[0]);
        minima[1] += scale * -8.0f * factors[1];
      } else {
        quants q = unpack(type, p, (int)part);
        products += multiply_bytes(q.numbers, values) * (in_halves(q.scales) * factors[0]);
        if (has_minima(type)) minima[1] += q.minima[0] * factors[1];
      }
    }
  }
  return sum(products) + minima[1];
}

INLINE void dot_quantised(ck_type type, const ck_dot *call) {
  const size_t length = block_length(type), size = block_bytes(type);
  const int for_nibbles = type == CK_Q4_0 || type == CK_Q4_1;
  const void *const *rows = call->rows;
  const size_t count = call->count, depth = call->depth;
  const float *x = call->x;
  float *y = call->y;
  int16_vector rounded;
  for (size_t r = 0; r < count; r++) y[r] = 0;
  for (size_t first = 0; first < depth / 32; first += INT16_BLOCKS) {
    size_t left = depth / 32 - first, blocks = left < INT16_BLOCKS ? left : INT16_BLOCKS;
    round_vector(x + 32 * first, blocks, for_nibbles, &rounded);
    for (size_t r = 0; r < count; r++) {
      const uint8_t *row = (const uint8_t *)rows[r] + first * 32 / length * size;
      y[r] += dot_int16(type, row, &rounded, blocks);
    }
  }
}
#endif

INLINE void dot_floats(ck_type type, const ck_dot *call) {
  const void *const *rows = call->rows;
  const size_t count = call->count, depth = call->depth;
  const float *x = call->x;
  float *y = call->y;
  for (size_t r = 0; r < count; r++) y[r] = dot_typed(type, rows[r], x, depth);
}

// Whether rows are multiplied as floats even where there are products of 16-bit integers: types
// without blocks, and Q2_K, whose minima belong to 16 values.
INLINE int is_dotted_as_floats(ck_type type) {
  return type == CK_F32 || type == CK_F16 || type == CK_BF16 || type == CK_Q2_K;
}

static void dot(const ck_dot *call) {
  ck_type type = call->type;
#ifdef HAS_INT16_DOTS
#define CALL(T)                                    \
  if (is_dotted_as_floats(T)) dot_floats(T, call); \
  else dot_quantised(T, call)
#else
#define CALL(T) dot_floats(T, call)
#endif
  FOR_EACH_TYPE(CALL)
#undef CALL
}
