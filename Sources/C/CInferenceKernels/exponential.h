// template, included once for each ISA: powers of two, and tanh.

#define LOG2_E 1.44269504088896341f

#ifndef HAS_POWERS
// The nearest integer, for magnitudes below 2^22: adding 1.5 · 2^23 leaves no bits for anything
// else.
INLINE vector nearest(vector x) { return x + 12582912.0f - 12582912.0f; }

// p · 2^n for an integer n from -126 to 127. A NaN stays one.
INLINE vector times_power(vector p, vector n) {
  return p * (vector)((__builtin_convertvector(n, ivector) + 127) << 23);
}

// Whether any lane is greater than x.
INLINE int any_above(vector v, float x) { return greatest(v) > x; }
#endif

// 2^x for x up to 127: 2^n for the nearest integer n, times a polynomial in the rest, on [-1/2,
// 1/2]. The polynomial is least squares, relative error below 2e-7; `coarse`, for results that
// become bfloat16s, it is minimax, below 3e-6 (their own error is 2e-3). For x below -125 the
// result stays at 2^-125, which times the least of the polynomial is a normal number. A NaN stays
// one.
INLINE vector vexp2_within(int coarse, vector x) {
  x = vmax(splat(-125.0f), x);
  vector n = nearest(x);
  vector r = x - n;
  vector p;
  if (coarse) {
    p = r * 9.5701018218e-3f + 5.5917860571e-2f;
  } else {
    p = r * 1.3264727283e-3f + 9.6715126572e-3f;
    p = p * r + 5.5507337429e-2f;
  }
  p = p * r + (coarse ? 2.4024744832e-1f : 2.4022242085e-1f);
  p = p * r + (coarse ? 6.9312181471e-1f : 6.9314697760e-1f);
  p = p * r + (coarse ? 9.9999926144e-1f : 1.0f);
  return times_power(p, n);
}

INLINE vector vexp2(vector x) { return vexp2_within(0, x); }

// cap · tanh(x / cap), as 1 - 2 / (1 + e^2x); beyond 40 the tangent is 1 anyhow. What is not finite
// becomes a NaN, so that it is noticed.
INLINE vector capped(vector x, float cap) {
  vector t = vmax(x * (1 / cap), splat(-40.0f));
  t = -vmax(-t, splat(-40.0f));
  return cap - 2 * cap / (1.0f + vexp2(t * (2 * LOG2_E))) + 0.0f * x;
}
