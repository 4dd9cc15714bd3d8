// template, included once for each ISA: rows of a head's keys or values, decoded to floats when
// attention needs them.

typedef int16_t shorts16 __attribute__((vector_size(32)));

// 16 codes of a row from the one at `i` on, a multiple of 16.
INLINE vector codes16(unsigned bits, const uint8_t *row, size_t i) {
  bytes16 codes;
  __builtin_memcpy(&codes, row + (bits == 8 ? i : i / 32 * 16), 16);
  if (bits == 4) codes = i & 16 ? codes >> 4 : codes & 15;
  return __builtin_convertvector(codes, vector);
}

// The nearest element that is not beyond 65504. No value is below -65504, since no minimum is.
INLINE vector to_element(ck_type type, vector v) {
  if (type == CK_F16) {
    shorts16 converted;  // as integers, positive halves are in order, and the others are below them
    vector_to_f16(v, (uint16_t *)&converted);
    converted = __builtin_elementwise_min(converted, (shorts16){} + 0x7BFF);
    return vector_from_f16((const uint8_t *)&converted);
  }
  v = -vmax(-v, splat(-65504.0f));
  return type == CK_BF16 ? (vector)(rounded_bf16(v) << 16) : v;
}

INLINE void decode_codes(ck_type type, unsigned bits, const ck_rows *rows, size_t first,
  size_t count, size_t length, float *target) {
  size_t stride = round16(length), bytes = ck_row_bytes(type, bits, length);
  const uint8_t *codes = (const uint8_t *)rows->data + first * bytes;
  for (size_t r = first; r < first + count; r++, codes += bytes, target += stride) {
    if (rows->groups) {
      const float *scales = rows->scales + rows->groups[r] * stride;
      const float *minima = rows->minima + rows->groups[r] * stride;
      for (size_t i = 0; i < length; i += 16) {
        vector v = load(minima + i) + codes16(bits, codes, i) * load(scales + i);
        store(target + i, to_element(type, v));
      }
    } else {
      vector scale = splat(rows->scales[r]), minimum = splat(rows->minima[r]);
      for (size_t i = 0; i < length; i += 16)
        store(target + i, to_element(type, minimum + codes16(bits, codes, i) * scale));
    }
  }
}

INLINE void decode_elements(
  const ck_rows *rows, size_t first, size_t count, size_t length, float *target) {
  size_t stride = round16(length), bytes = ck_row_bytes(rows->type, 0, length);
  const uint8_t *row = (const uint8_t *)rows->data + first * bytes;
  if (stride == length) {
    dequantise(rows->type, row, target, count * length);
    return;
  }
  for (size_t r = 0; r < count; r++, row += bytes, target += stride) {
    dequantise(rows->type, row, target, length);
    __builtin_memset(target + length, 0, (stride - length) * 4);
  }
}

static void decode_rows(
  const ck_rows *rows, size_t first, size_t count, size_t length, float *target) {
#define CALL(type, bits) decode_codes(type, bits, rows, first, count, length, target)
#define CALL_TYPE(bits)                     \
  switch (rows->type) {                     \
  case CK_F16: CALL(CK_F16, bits); break;   \
  case CK_BF16: CALL(CK_BF16, bits); break; \
  default: CALL(CK_F32, bits);              \
  }
  switch (rows->bits) {
  case 8: CALL_TYPE(8) break;
  case 4: CALL_TYPE(4) break;
  default: decode_elements(rows, first, count, length, target);
  }
#undef CALL_TYPE
#undef CALL
}
