// template, included once for each ISA: affine quantisation, x ≈ minimum + code · scale
// (spec/format.md, section 5.6). All ISAs give the same bits: codes and products are exact or
// rounded once, in the same order.

// Columns that are quantised at a time.
enum { QUANTISE_COLUMNS = 256 };

// The neighbour of a binary16 towards −∞, and of one that is not negative towards +∞.
INLINE uint16_t half_below(uint16_t h) { return h & 0x8000 ? h + 1 : h == 0 ? 0x8001 : h - 1; }

// The parameters of `count` groups whose least and greatest values are given.
static void find_parameters(const float *least, const float *greatest, size_t count,
  unsigned levels, uint16_t *scales, uint16_t *minima) {
  float range[QUANTISE_COLUMNS];
  f16_from_float(least, minima, count);
  for (size_t i = 0; i < count; i++) {
    if (scalar_from_f16((uint8_t *)&minima[i]) > least[i]) minima[i] = half_below(minima[i]);
    if (minima[i] == 0x8000) minima[i] = 0;
    float minimum = scalar_from_f16((uint8_t *)&minima[i]);
    range[i] = (greatest[i] - minimum) / (float)levels + 0.0f;  // no −0
  }
  f16_from_float(range, scales, count);
  for (size_t i = 0; i < count; i++) scales[i] += scalar_from_f16((uint8_t *)&scales[i]) < range[i];
}

// The nearest code, ties to even: adding 2^23 leaves no room for a fraction.
INLINE uint8_t code_of(float x, float minimum, float scale, float levels) {
  float code = (x - minimum) / scale + 0x1p23f;
  code -= 0x1p23f;
  return (uint8_t)(code < levels ? code : levels);
}

INLINE int is_storable(const float *x, size_t count) {
  uint32_t beyond = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    __builtin_memcpy(&bits, x + i, 4);
    beyond |= (bits & 0x7FFFFFFF) > 0x477FE000;  // 65504
  }
  return !beyond;
}

static void quantise_some_columns(const float *x, ck_quantisation shape, size_t columns,
  uint16_t *scales, uint16_t *minima, uint8_t *codes) {
  size_t rows = shape.rows, stride = shape.columns;
  unsigned levels = shape.levels;
  float least[QUANTISE_COLUMNS], greatest[QUANTISE_COLUMNS];
  for (size_t c = 0; c < columns; c++) least[c] = greatest[c] = x[c];
  for (size_t r = 1; r < rows; r++) {
    const float *row = x + r * stride;
    for (size_t c = 0; c < columns; c++) {
      least[c] = row[c] < least[c] ? row[c] : least[c];
      greatest[c] = row[c] > greatest[c] ? row[c] : greatest[c];
    }
  }
  find_parameters(least, greatest, columns, levels, scales, minima);
  float *minimum = least, *scale = greatest;
  for (size_t c = 0; c < columns; c++) {
    minimum[c] = scalar_from_f16((uint8_t *)&minima[c]);
    // Where all values are alike any scale gives code 0.
    scale[c] = scales[c] ? scalar_from_f16((uint8_t *)&scales[c]) : 1.0f;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      codes[r * stride + c] = code_of(x[r * stride + c], minimum[c], scale[c], (float)levels);
}

static int quantise_columns(
  const float *x, ck_quantisation shape, uint16_t *scales, uint16_t *minima, uint8_t *codes) {
  size_t columns = shape.columns;
  if (!is_storable(x, shape.rows * columns)) return 0;
  for (size_t c = 0; c < columns; c += QUANTISE_COLUMNS) {
    size_t some = columns - c < QUANTISE_COLUMNS ? columns - c : QUANTISE_COLUMNS;
    quantise_some_columns(x + c, shape, some, scales + c, minima + c, codes + c);
  }
  return 1;
}

static int quantise_rows(
  const float *x, ck_quantisation shape, uint16_t *scales, uint16_t *minima, uint8_t *codes) {
  size_t columns = shape.columns;
  unsigned levels = shape.levels;
  if (!is_storable(x, shape.rows * columns)) return 0;
  for (size_t r = 0; r < shape.rows; r++, x += columns, codes += columns) {
    float least = x[0], greatest = x[0];
    for (size_t c = 1; c < columns; c++) {
      least = x[c] < least ? x[c] : least;
      greatest = x[c] > greatest ? x[c] : greatest;
    }
    find_parameters(&least, &greatest, 1, levels, scales + r, minima + r);
    float minimum = scalar_from_f16((uint8_t *)&minima[r]);
    float scale = scales[r] ? scalar_from_f16((uint8_t *)&scales[r]) : 1.0f;
    for (size_t c = 0; c < columns; c++) codes[c] = code_of(x[c], minimum, scale, (float)levels);
  }
  return 1;
}

// Results stay within binary16, whichever type they are rounded to next.
INLINE float value_of(uint8_t code, float minimum, float scale) {
  float value = minimum + (float)code * scale;
  value = value > 65504.0f ? 65504.0f : value;
  return value < -65504.0f ? -65504.0f : value;
}

static void restore_columns(const uint8_t *codes, ck_quantisation shape, const uint16_t *scales,
  const uint16_t *minima, float *target) {
  size_t rows = shape.rows, columns = shape.columns;
  for (size_t first = 0; first < columns; first += QUANTISE_COLUMNS) {
    size_t some = columns - first < QUANTISE_COLUMNS ? columns - first : QUANTISE_COLUMNS;
    float scale[QUANTISE_COLUMNS], minimum[QUANTISE_COLUMNS];
    for (size_t c = 0; c < some; c++) {
      scale[c] = scalar_from_f16((const uint8_t *)&scales[first + c]);
      minimum[c] = scalar_from_f16((const uint8_t *)&minima[first + c]);
    }
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < some; c++) {
        size_t place = r * columns + first + c;
        target[place] = value_of(codes[place], minimum[c], scale[c]);
      }
  }
}

static void restore_rows(const uint8_t *codes, ck_quantisation shape, const uint16_t *scales,
  const uint16_t *minima, float *target) {
  size_t rows = shape.rows, columns = shape.columns;
  for (size_t r = 0; r < rows; r++) {
    float scale = scalar_from_f16((const uint8_t *)&scales[r]);
    float minimum = scalar_from_f16((const uint8_t *)&minima[r]);
    for (size_t c = 0; c < columns; c++)
      target[r * columns + c] = value_of(codes[r * columns + c], minimum, scale);
  }
}
