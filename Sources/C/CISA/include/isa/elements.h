// template, included once for each ISA: elements of caches from and to floats. They are binary16s
// or bfloat16s, the upper half of a float.

// Rounded to nearest, ties to even, and left in the low bits of each lane.
INLINE uvector rounded_bf16(vector v) {
  uvector bits = (uvector)v;
  uvector rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  uvector is_nan = (uvector)((bits & 0x7FFFFFFF) > 0x7F800000);
  return (~is_nan & rounded) | (is_nan & (bits >> 16 | 0x40));
}

#ifndef HAS_VECTOR_TO_BF16
INLINE void vector_to_bf16(vector v, uint16_t *target) {
  halves16 converted = __builtin_convertvector(rounded_bf16(v), halves16);
  __builtin_memcpy(target, &converted, 32);
}
#endif

INLINE vector vector_from_bf16(const uint8_t *p) {
  halves16 halves;
  __builtin_memcpy(&halves, p, 32);
  return (vector)(__builtin_convertvector(halves, uvector) << 16);
}

// Rounds to the nearest, ties to even.
static inline void f16_from_float(const float *source, uint16_t *target, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) vector_to_f16(load(source + i), target + i);
  if (i < count) {
    float rest[16] = {0};
    uint16_t converted[16];
    __builtin_memcpy(rest, source + i, (count - i) * 4);
    vector_to_f16(load(rest), converted);
    __builtin_memcpy(target + i, converted, (count - i) * 2);
  }
}

// Rounds to the nearest, ties to even.
static inline void bf16_from_float(const float *source, uint16_t *target, size_t count) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) vector_to_bf16(load(source + i), target + i);
  if (i < count) {
    float rest[16] = {0};
    uint16_t converted[16];
    __builtin_memcpy(rest, source + i, (count - i) * 4);
    vector_to_bf16(load(rest), converted);
    __builtin_memcpy(target + i, converted, (count - i) * 2);
  }
}

static inline void float_from_f16(const void *source, float *target, size_t count) {
  const uint8_t *p = source;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) store(target + i, vector_from_f16(p + 2 * i));
  if (i < count) {
    uint8_t rest[32] = {0};
    float converted[16];
    __builtin_memcpy(rest, p + 2 * i, (count - i) * 2);
    store(converted, vector_from_f16(rest));
    __builtin_memcpy(target + i, converted, (count - i) * 4);
  }
}

static inline void float_from_bf16(const void *source, float *target, size_t count) {
  const uint8_t *p = source;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) store(target + i, vector_from_bf16(p + 2 * i));
  if (i < count) {
    uint8_t rest[32] = {0};
    float converted[16];
    __builtin_memcpy(rest, p + 2 * i, (count - i) * 2);
    store(converted, vector_from_bf16(rest));
    __builtin_memcpy(target + i, converted, (count - i) * 4);
  }
}
