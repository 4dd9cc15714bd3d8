// template, included once for each ISA with AVX-512 BW and VNNI: products of 16-bit integers.

#define HAS_INT16_DOTS 1

// Sixteen sums of two products each: 4-bit values by activations in the order of `arrange_int16`.
static inline vector multiply_nibbles(const uint8_t *nibbles, const int16_t *x) {
  const __m512i shifts = _mm512_set_epi64(0x000C000C000C000C, 0x000C000C000C000C,
    0x0008000800080008, 0x0008000800080008, 0x0004000400040004, 0x0004000400040004, 0, 0);
  __m512i bytes = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)nibbles));
  __m512i values = _mm512_and_si512(_mm512_srlv_epi16(bytes, shifts), _mm512_set1_epi16(15));
  return (vector)_mm512_cvtepi32_ps(_mm512_madd_epi16(values, _mm512_loadu_si512(x)));
}

// The same for bytes with a sign, in plain order.
static inline vector multiply_bytes(sbytes32 bytes, const int16_t *x) {
  __m512i values = _mm512_cvtepi8_epi16((__m256i)bytes);
  return (vector)_mm512_cvtepi32_ps(_mm512_madd_epi16(values, _mm512_loadu_si512(x)));
}

// What the first and the second half of those products are multiplied by.
static inline vector in_halves(const float *scales) {
  __m512 first = _mm512_set1_ps(scales[0]);
  return (vector)_mm512_mask_mov_ps(first, 0xFF00, _mm512_set1_ps(scales[1]));
}

// Rounds 32 floats of at most 32767 to integers, for nibbles in the order that shifting their bytes
// gives: low and high nibbles of the even bytes, then of the odd ones.
static inline void arrange_int16(vector low, vector high, int for_nibbles, int16_t *target) {
  const __m512i order = _mm512_set_epi16(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1,
    30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
  __m256i first = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32((__m512)low));
  __m256i second = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32((__m512)high));
  __m512i integers = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
  // Even elements of the first half, of the second half, then the odd ones likewise.
  if (for_nibbles) integers = _mm512_permutexvar_epi16(order, integers);
  _mm512_storeu_si512(target, integers);
}

// A block's scale and minimum, two binary16s side by side, each times its factor.
static inline vector4 scale_pair(const uint8_t *halves, const float *factors) {
  int32_t both;
  __builtin_memcpy(&both, halves, 4);
  vector4 pair;
  __builtin_memcpy(&pair, factors, 8);
  pair[2] = pair[3] = 0;
  return (vector4)_mm_cvtph_ps(_mm_cvtsi32_si128(both)) * pair;
}

// The same of two blocks, side by side.
static inline vector4 scale_pairs(
  const uint8_t *first, const uint8_t *second, const float *factors) {
  int32_t halves[2];
  __builtin_memcpy(halves, first, 4);
  __builtin_memcpy(halves + 1, second, 4);
  vector4 pairs;
  __builtin_memcpy(&pairs, factors, 16);
  __m128i four = _mm_insert_epi32(_mm_cvtsi32_si128(halves[0]), halves[1], 1);
  return (vector4)_mm_cvtph_ps(four) * pairs;
}

// 32 numbers as 16-bit integers, two to a unit.
static inline vector int16_units(sbytes32 numbers) {
  return (vector)_mm512_cvtepi8_epi16((__m256i)numbers);
}

// In each lane the sum of 16 units by as many of a token's; at most 32 · 127 · 32767, which fits.
static inline vector int16_products(const vector lanes[16], const int16_t *x) {
  __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  UNROLLED for (int u = 0; u < 16; u++) {
    int32_t pair;
    __builtin_memcpy(&pair, x + 2 * u, 4);
    sums[u % 2] = _mm512_dpwssd_epi32(sums[u % 2], (__m512i)lanes[u], _mm512_set1_epi32(pair));
  }
  return (vector)_mm512_cvtepi32_ps(_mm512_add_epi32(sums[0], sums[1]));
}
