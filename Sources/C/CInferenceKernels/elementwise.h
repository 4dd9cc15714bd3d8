// template, included once for each ISA: what happens to each row by itself.

// By their bits without the sign, numbers are in order, then infinity, then what is not a number.
static int is_within(const float *x, size_t count, float limit) {
  int32_t bound, bits;
  __builtin_memcpy(&bound, &limit, sizeof bound);
  ivector beyond = {};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) beyond |= ((ivector)load(x + i) & 0x7FFFFFFF) > bound;
  int is_beyond = 0;
  for (; i < count; i++) {
    __builtin_memcpy(&bits, x + i, sizeof bits);
    is_beyond |= (bits & 0x7FFFFFFF) > bound;
  }
  for (int lane = 0; lane < 16; lane++) is_beyond |= beyond[lane] != 0;
  return !is_beyond;
}

static void rms_norm(
  const float *x, const float *weight, float *target, size_t count, float epsilon) {
  vector squares = {};
  size_t i = 0;
  for (; i + 16 <= count; i += 16) squares += load(x + i) * load(x + i);
  float total = sum(squares);
  for (; i < count; i++) total += x[i] * x[i];
  float factor = 1.0f / __builtin_sqrtf(total / (float)count + epsilon);
  for (i = 0; i < count; i++) target[i] = x[i] * factor * weight[i];
}

static void rope(float *x, const float *cosines, const float *sines, size_t half) {
  for (size_t i = 0; i < half; i++) {
    float a = x[i], b = x[i + half];
    x[i] = a * cosines[i] - b * sines[i];
    x[i + half] = b * cosines[i] + a * sines[i];
  }
}

INLINE vector swiglu16(vector gate, vector up) {
  return gate / (1.0f + vexp2(vmax(gate, splat(-80.0f)) * -LOG2_E)) * up;
}

INLINE vector geglu16(vector gate, vector up) {
  vector inner = 0.7978845608f * (gate + 0.044715f * gate * gate * gate);
  return gate / (1.0f + vexp2(vmax(inner, splat(-40.0f)) * (-2 * LOG2_E))) * up;
}

#define GATE_ROWS(gate16)                                                                 \
  size_t i = 0;                                                                           \
  for (; i + 16 <= count; i += 16) store(gate + i, gate16(load(gate + i), load(up + i))); \
  if (i < count) {                                                                        \
    float a[16] = {0}, b[16] = {0};                                                       \
    __builtin_memcpy(a, gate + i, (count - i) * 4);                                       \
    __builtin_memcpy(b, up + i, (count - i) * 4);                                         \
    store(a, gate16(load(a), load(b)));                                                   \
    __builtin_memcpy(gate + i, a, (count - i) * 4);                                       \
  }

static void swiglu(float *gate, const float *up, size_t count) { GATE_ROWS(swiglu16) }

static void geglu(float *gate, const float *up, size_t count) { GATE_ROWS(geglu16) }

static void soft_cap(float *x, size_t count, float cap) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) store(x + i, capped(load(x + i), cap));
  if (i < count) {
    float rest[16] = {0};
    __builtin_memcpy(rest, x + i, (count - i) * 4);
    store(rest, capped(load(rest), cap));
    __builtin_memcpy(x + i, rest, (count - i) * 4);
  }
}

static void add(float *x, const float *y, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] += y[i];
}
