// template, included once for each ISA: products of bfloat16s. Two of them, the first in the low
// bits, are one 32-bit unit.

#ifndef HAS_BF16_DOTS
#define HAS_BF16_DOTS 0

// sum + the products of each lane's two bfloat16s.
INLINE vector dot_pairs(vector sum, vector a, vector b) {
  vector low = (vector)((ivector)a << 16) * (vector)((ivector)b << 16);
  return sum + low + (vector)((uvector)a & 0xFFFF0000) * (vector)((uvector)b & 0xFFFF0000);
}
#endif

// 32 floats as 16 units.
INLINE vector paired(vector low, vector high) {
  uint16_t converted[32];
  vector units;
  vector_to_bf16(low, converted);
  vector_to_bf16(high, converted + 16);
  __builtin_memcpy(&units, converted, 64);
  return units;
}

// Lane by lane, one unit of a float from each.
INLINE vector interleaved(vector first, vector second) {
  return (vector)(rounded_bf16(first) | rounded_bf16(second) << 16);
}
