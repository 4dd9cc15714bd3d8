// template, included once for each ISA: attention of one token (Flash-Decoding). Its few rows are
// not worth transposing keys for. The pairs are cut into splits instead, so that all cores can take
// part, and the splits' sums are merged.

// Lane r becomes the sum of row r's lanes.
INLINE vector sums16(vector r[16]) {
#define HALVE(d, first, second)                           \
  for (int i = 0; i < 16; i += 2 * d)                     \
    r[i] = __builtin_shufflevector(r[i], r[i + d], first) \
      + __builtin_shufflevector(r[i], r[i + d], second);
#define LIST(...) __VA_ARGS__
  HALVE(1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
    LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
  HALVE(2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
    LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  HALVE(4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  HALVE(8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#undef LIST
#undef HALVE
  return r[0];
}

// Scores of one query against up to ATTEND_KEYS keys; those after the last have no meaning.
INLINE void score_keys(
  const float *query, const float *keys, size_t count, size_t length, float *scores) {
  for (size_t j = 0; j < count; j += 16) {
    vector products[16];
    for (int r = 0; r < 16; r++) products[r] = (vector){};
    for (size_t i = 0; i < length; i += 16) {
      vector q = load(query + i);
      for (size_t r = 0; r < 16; r++) products[r] += load(keys + (j + r) * length + i) * q;
    }
    store(scores + j, sums16(products));
  }
}

static void attend_split(const ck_split *call) {
  size_t length = round16(call->key_length), width = round16(call->value_length);
  size_t stride = ck_split_floats(call->value_length);
  float *tile = call->scratch;
  float *queries = tile + ATTEND_KEYS * (length > width ? length : width);
  float *scores = queries + call->group * length;

  __builtin_memset(tile, 0, ATTEND_KEYS * length * 4);
  for (size_t g = 0; g < call->group; g++) {
    float *partial = call->partials + g * stride;
    __builtin_memset(partial, 0, stride * 4);
    partial[width + 16] = -INFINITY;
    __builtin_memset(queries + g * length, 0, length * 4);
    const float *query = call->queries + g * call->key_length;
    __builtin_memcpy(queries + g * length, query, call->key_length * 4);
  }
  for (size_t start = 0; start < call->pairs; start += ATTEND_KEYS) {
    size_t count = call->pairs - start < ATTEND_KEYS ? call->pairs - start : ATTEND_KEYS;
    decode_rows(&call->keys, call->first + start, count, call->key_length, tile);
    for (size_t g = 0; g < call->group; g++)
      score_keys(queries + g * length, tile, count, length, scores + g * ATTEND_KEYS);
    decode_rows(&call->values, call->first + start, count, call->value_length, tile);
    for (size_t g = 0; g < call->group; g++) {
      float *partial = call->partials + g * stride;
      attention_row row = {partial + width + 16, partial + width, partial, width};
      softmax_row(0, scores + g * ATTEND_KEYS, 0, count, call->scale, call->cap, row);
    }
    multiply(
      0, call->group, width, count, scores, ATTEND_KEYS, tile, width, call->partials, stride, 1);
  }
}

static void merge_splits(
  const float *partials, size_t splits, size_t stride, size_t value_length, float *output) {
  size_t width = round16(value_length);
  float top = -INFINITY, total = 0;
  for (size_t s = 0; s < splits; s++) {
    float maximum = partials[s * stride + width + 16];
    top = maximum > top ? maximum : top;
  }
  for (size_t i = 0; i < value_length; i++) output[i] = 0;
  for (size_t s = 0; s < splits; s++) {
    const float *partial = partials + s * stride;
    float weight = vexp2(splat(partial[width + 16] - top))[0];
    total += weight * sum(load(partial + width));
    for (size_t i = 0; i < value_length; i++) output[i] += weight * partial[i];
  }
  for (size_t i = 0; i < value_length; i++) output[i] /= total;
}
