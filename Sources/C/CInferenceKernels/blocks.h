// template, included once for each ISA: blocks of weights and caches as files have them,
// decoded, or multiplied in place.

// How many values of a row share scales, and how many bytes those take.
INLINE size_t block_length(ck_type type) {
  switch (type) {
  case CK_Q2_K:
  case CK_Q3_K:
  case CK_Q4_K:
  case CK_Q5_K:
  case CK_Q6_K: return 256;
  default: return 32;
  }
}

INLINE size_t block_bytes(ck_type type) {
  switch (type) {
  case CK_F32: return 128;
  case CK_F16: return 64;
  case CK_BF16: return 64;
  case CK_Q8_0: return 34;
  case CK_Q4_0: return 18;
  case CK_Q4_1: return 20;
  case CK_Q5_0: return 22;
  case CK_Q5_1: return 24;
  case CK_IQ4_NL: return 18;
  case CK_Q2_K: return 84;
  case CK_Q3_K: return 110;
  case CK_Q4_K: return 144;
  case CK_Q5_K: return 176;
  case CK_Q6_K: return 210;
  }
  return 0;
}

// Each 32 values of a block; unrolled, so that the compiler knows where their bits are.
#define EACH_PART(part, length) UNROLLED for (size_t part = 0; part < (length) / 32; part++)

// Decodes 32 values, part `part` of the block at `p`, into two vectors.
INLINE void decode32(ck_type type, const uint8_t *p, size_t part, vector *low, vector *high) {
  switch (type) {
  case CK_F32:
    __builtin_memcpy(low, p, 64);
    __builtin_memcpy(high, p + 64, 64);
    return;
  case CK_F16:
    *low = vector_from_f16(p);
    *high = vector_from_f16(p + 32);
    return;
  case CK_BF16:
    *low = vector_from_bf16(p);
    *high = vector_from_bf16(p + 32);
    return;
  case CK_Q8_0: {  // each half straight from memory, which is faster than cutting up a vector
    sbytes16 a, b;
    __builtin_memcpy(&a, p + 2, 16);
    __builtin_memcpy(&b, p + 18, 16);
    float scale = scalar_from_f16(p);
    *low = __builtin_convertvector(a, vector) * scale;
    *high = __builtin_convertvector(b, vector) * scale;
    return;
  }
#ifdef HAS_NIBBLES
  case CK_Q4_0: {
    vector values = __builtin_convertvector(LANES - 8, vector) * scalar_from_f16(p);
    return choose_nibbles(p + 2, values, low, high);
  }
  case CK_Q4_1: {
    vector scale, minimum;
    splat_scales(p, &scale, &minimum);
    vector values = __builtin_convertvector(LANES, vector) * scale + minimum;
    return choose_nibbles(p + 4, values, low, high);
  }
#endif
  default: decode_quants(type, unpack(type, p, (int)part), low, high);
  }
}

// Types without blocks may end in the middle of 32 values. Copies the rest, from `start` on, to a
// padded block.
INLINE void decode_rest(
  ck_type type, const uint8_t *row, size_t start, size_t count, vector *low, vector *high) {
  uint8_t padded[128] = {0};
  size_t bytes = type == CK_F32 ? 4 : 2;
  __builtin_memcpy(padded, row + start * bytes, (count - start) * bytes);
  decode32(type, padded, 0, low, high);
}

INLINE void dequantise_typed(ck_type type, const uint8_t *row, float *target, size_t count) {
  vector low, high;
  const size_t length = block_length(type);
  const uint8_t *p = row;
  size_t i = 0;
  for (; i + length <= count; i += length, p += block_bytes(type)) EACH_PART(part, length) {
      decode32(type, p, part, &low, &high);
      store(target + i + 32 * part, low);
      store(target + i + 32 * part + 16, high);
    }
  if (i < count) {
    float rest[32];
    decode_rest(type, row, i, count, &low, &high);
    store(rest, low);
    store(rest + 16, high);
    __builtin_memcpy(target + i, rest, (count - i) * 4);
  }
}

INLINE float dot_typed(ck_type type, const uint8_t *row, const float *x, size_t count) {
  vector low, high, a = {}, b = {};
  const size_t length = block_length(type);
  const uint8_t *p = row;
  size_t i = 0;
  for (; i + length <= count; i += length, p += block_bytes(type)) EACH_PART(part, length) {
      decode32(type, p, part, &low, &high);
      a += low * load(x + i + 32 * part);
      b += high * load(x + i + 32 * part + 16);
    }
  if (i < count) {
    float rest[32] = {0};
    __builtin_memcpy(rest, x + i, (count - i) * 4);
    decode_rest(type, row, i, count, &low, &high);
    a += low * load(rest);
    b += high * load(rest + 16);
  }
  return sum(a + b);
}

// The switch is outside the loops, so that each type gets a loop of its own.
#define FOR_EACH_TYPE(call)               \
  switch (type) {                         \
  case CK_F32: call(CK_F32); break;       \
  case CK_F16: call(CK_F16); break;       \
  case CK_BF16: call(CK_BF16); break;     \
  case CK_Q8_0: call(CK_Q8_0); break;     \
  case CK_Q4_0: call(CK_Q4_0); break;     \
  case CK_Q4_1: call(CK_Q4_1); break;     \
  case CK_Q5_0: call(CK_Q5_0); break;     \
  case CK_Q5_1: call(CK_Q5_1); break;     \
  case CK_IQ4_NL: call(CK_IQ4_NL); break; \
  case CK_Q2_K: call(CK_Q2_K); break;     \
  case CK_Q3_K: call(CK_Q3_K); break;     \
  case CK_Q4_K: call(CK_Q4_K); break;     \
  case CK_Q5_K: call(CK_Q5_K); break;     \
  case CK_Q6_K: call(CK_Q6_K); break;     \
  }

static void dequantise(ck_type type, const void *source, float *target, size_t count) {
#define CALL(T) dequantise_typed(T, source, target, count)
  FOR_EACH_TYPE(CALL)
#undef CALL
}
