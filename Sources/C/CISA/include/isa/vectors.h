// template, included once for each ISA: vectors of 16 floats, and what C lacks for them.

INLINE vector splat(float x) { return (vector){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

INLINE vector load(const float *p) {
  vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void store(float *p, vector v) { __builtin_memcpy(p, &v, sizeof v); }

// Halves are added until one lane is left, so that no long chain of sums waits for itself.
INLINE float sum(vector v) {
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return v[0] + v[1];
}

INLINE vector choose(ivector mask, vector yes, vector no) {
  return (vector)((mask & (ivector)yes) | (~mask & (ivector)no));
}

// b where either is not a number.
INLINE vector vmax(vector a, vector b) { return choose(a > b, a, b); }

INLINE float greatest(vector v) {
  v = vmax(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = vmax(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = vmax(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return v[0] > v[1] ? v[0] : v[1];
}

// Sixteen rows of 16 units change places with their columns. Any 32 bits are a unit.
INLINE void transpose16(vector r[16]) {
#define SWAP(d, first, second)                          \
  UNROLLED                                              \
  for (int i = 0; i < 16; i++)                          \
    if (!(i & d)) {                                     \
      vector a = r[i], b = r[i + d];                    \
      r[i] = __builtin_shufflevector(a, b, first);      \
      r[i + d] = __builtin_shufflevector(a, b, second); \
    }
#define LIST(...) __VA_ARGS__
  SWAP(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
    LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  SWAP(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
    LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  SWAP(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  SWAP(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#undef LIST
#undef SWAP
}
