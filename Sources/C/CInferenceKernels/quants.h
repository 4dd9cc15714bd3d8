// template, included once for each ISA: quantised blocks taken apart into whole numbers, their
// scales and their minima, which is all that differs between the types. A value is scale × number,
// plus the minimum where the type has one. Scales times sub-scales times numbers take at most 23
// bits, so they are exact in float, and only a minimum's sum rounds: fused or not, every ISA gives
// the same bits. Source of the layouts: ggml.

typedef uint64_t longs4 __attribute__((vector_size(32)));

// 32 values of a row: scales and minima of the first 16, then of the others.
typedef struct {
  sbytes32 numbers;
  float scales[2], minima[2];
} quants;

INLINE bytes32 load32(const uint8_t *p) {
  bytes32 bytes;
  __builtin_memcpy(&bytes, p, 32);
  return bytes;
}

// The bits of each byte from `shift` on, as many as `mask` has.
INLINE bytes32 bits(bytes32 bytes, int shift, uint8_t mask) {
  return (bytes32)((longs4)bytes >> shift) & mask;
}

// The low nibbles of 16 bytes, then the high ones.
INLINE bytes32 nibbles(const uint8_t *p) {
  bytes16 b;
  __builtin_memcpy(&b, p, 16);
  bytes16 low = b & 15, high = b >> 4;
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
}

// 32 bits, the lowest of the first byte first, as bytes of 0 or 16.
INLINE bytes32 fifth_bits(const uint8_t *p) {
  typedef uint8_t bytes4 __attribute__((vector_size(4)));
  bytes4 b;
  __builtin_memcpy(&b, p, 4);
  bytes32 spread = __builtin_shufflevector(b, b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2,
    2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const bytes32 each = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16,
    32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  return (bytes32)((spread & each) != 0) & 16;
}

#ifndef HAS_LOOK_UP
// table[i] for each byte i below 16.
INLINE sbytes16 look_up(const int8_t *table, bytes16 indices) {
  sbytes16 found;
  for (int i = 0; i < 16; i++) found[i] = table[indices[i]];
  return found;
}
#endif

INLINE sbytes32 nonlinear(bytes32 indices) {
  static const int8_t table[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  bytes16 halves[2];
  sbytes16 found[2];
  sbytes32 both;
  __builtin_memcpy(halves, &indices, 32);
  for (int i = 0; i < 2; i++) found[i] = look_up(table, halves[i]);
  __builtin_memcpy(&both, found, 32);
  return both;
}

// Both halves alike.
INLINE quants uniform(bytes32 numbers, float scale, float minimum) {
  return (quants){(sbytes32)numbers, {scale, scale}, {minimum, minimum}};
}

// Scale and minimum of part 0 … 7 of Q4_K and Q5_K: 6 bits each, in 12 bytes after two binary16s.
INLINE quants with_packed_scales(const uint8_t *p, int part, bytes32 numbers) {
  const uint8_t *packed = p + 4;
  int scale, minimum;
  if (part < 4) {
    scale = packed[part] & 63;
    minimum = packed[part + 4] & 63;
  } else {
    scale = (packed[part + 4] & 15) | packed[part - 4] >> 6 << 4;
    minimum = packed[part + 4] >> 4 | packed[part] >> 6 << 4;
  }
  return uniform(numbers, scalar_from_f16(p) * scale, -(scalar_from_f16(p + 2) * minimum));
}

INLINE quants unpack_q2_k(const uint8_t *p, int part) {
  quants q = {.numbers = (sbytes32)bits(load32(p + 16 + part / 4 * 32), part % 4 * 2, 3)};
  for (int i = 0; i < 2; i++) {
    q.scales[i] = scalar_from_f16(p + 80) * (p[2 * part + i] & 15);
    q.minima[i] = -(scalar_from_f16(p + 82) * (p[2 * part + i] >> 4));
  }
  return q;
}

// A bit of the mask that is not set means minus 4. Scales of 6 bits are 32 too high.
INLINE quants unpack_q3_k(const uint8_t *p, int part) {
  bytes32 low = bits(load32(p + 32 + part / 4 * 32), part % 4 * 2, 3);
  bytes32 high = bits(load32(p), part, 1) << 2;
  quants q = {.numbers = (sbytes32)(low + high - 4)};
  for (int i = 0; i < 2; i++) {
    int s = 2 * part + i;
    int scale = (p[96 + s % 8] >> s / 8 * 4 & 15) | (p[104 + s % 4] >> s / 4 * 2 & 3) << 4;
    q.scales[i] = scalar_from_f16(p + 108) * (scale - 32);
  }
  return q;
}

INLINE quants unpack_q4_k(const uint8_t *p, int part) {
  return with_packed_scales(p, part, bits(load32(p + 16 + part / 2 * 32), part % 2 * 4, 15));
}

INLINE quants unpack_q5_k(const uint8_t *p, int part) {
  bytes32 low = bits(load32(p + 48 + part / 2 * 32), part % 2 * 4, 15);
  return with_packed_scales(p, part, low | bits(load32(p + 16), part, 1) << 4);
}

INLINE quants unpack_q6_k(const uint8_t *p, int part) {
  int half = part / 4, quarter = part % 4;
  bytes32 low = bits(load32(p + 64 * half + quarter % 2 * 32), quarter / 2 * 4, 15);
  bytes32 high = bits(load32(p + 128 + 32 * half), quarter * 2, 3) << 4;
  quants q = {.numbers = (sbytes32)((low | high) - 32)};
  for (int i = 0; i < 2; i++)
    q.scales[i] = scalar_from_f16(p + 208) * (int8_t)p[192 + 2 * part + i];
  return q;
}

// Part `part` of the block at `p`.
INLINE quants unpack(ck_type type, const uint8_t *p, int part) {
  switch (type) {
  case CK_Q8_0: return uniform(load32(p + 2), scalar_from_f16(p), 0);
  case CK_Q4_0: return uniform(nibbles(p + 2) - 8, scalar_from_f16(p), 0);
  case CK_Q4_1: return uniform(nibbles(p + 4), scalar_from_f16(p), scalar_from_f16(p + 2));
  case CK_Q5_0: return uniform((nibbles(p + 6) | fifth_bits(p + 2)) - 16, scalar_from_f16(p), 0);
  case CK_Q5_1:
    return uniform(nibbles(p + 8) | fifth_bits(p + 4), scalar_from_f16(p), scalar_from_f16(p + 2));
  case CK_IQ4_NL: return uniform((bytes32)nonlinear(nibbles(p + 2)), scalar_from_f16(p), 0);
  case CK_Q2_K: return unpack_q2_k(p, part);
  case CK_Q3_K: return unpack_q3_k(p, part);
  case CK_Q4_K: return unpack_q4_k(p, part);
  case CK_Q5_K: return unpack_q5_k(p, part);
  default: return unpack_q6_k(p, part);
  }
}

INLINE int has_minima(ck_type type) {
  return type == CK_Q4_1 || type == CK_Q5_1 || type == CK_Q2_K || type == CK_Q4_K
    || type == CK_Q5_K;
}

// Without a minimum nothing is added, not even zero: that would change the sign of -0.
INLINE void decode_quants(ck_type type, quants q, vector *low, vector *high) {
  sbytes16 halves[2];
  __builtin_memcpy(halves, &q.numbers, 32);
  *low = __builtin_convertvector(halves[0], vector) * q.scales[0];
  *high = __builtin_convertvector(halves[1], vector) * q.scales[1];
  if (has_minima(type)) {
    *low += q.minima[0];
    *high += q.minima[1];
  }
}
