// template, included once for each ISA: int16 activations. Each 32 values are rounded to 2^-16 of
// the greatest, once for all rows that they are multiplied by; products of integers are then exact.

#ifdef HAS_INT16_DOTS
enum { INT16_BLOCKS = 64 };  // whole blocks of 256, too

typedef struct {
  int16_t values[32 * INT16_BLOCKS] __attribute__((aligned(64)));
  float factors[INT16_BLOCKS][2];  // what a block's scale and its minimum are multiplied by
} int16_vector;

// Rounds 32 values; returns what products are multiplied by, and leaves the values' sum.
INLINE float round_block(vector low, vector high, int for_nibbles, int16_t *target, float *total) {
  float greatest_size = greatest(vmax(vmax(low, -low), vmax(high, -high)));
  float factor = greatest_size > 0 ? 32767.0f / greatest_size : 0;
  arrange_int16(low * factor, high * factor, for_nibbles, target);
  *total = sum(low + high);
  // What is not finite stays so.
  return greatest_size / 32767.0f + *total * 0.0f;
}

INLINE void round_vector(const float *x, size_t blocks, int for_nibbles, int16_vector *target) {
  for (size_t b = 0; b < blocks; b++, x += 32) {
    float *factors = target->factors[b];
    int16_t *values = target->values + 32 * b;
    factors[0] = round_block(load(x), load(x + 16), for_nibbles, values, factors + 1);
  }
}
#endif
