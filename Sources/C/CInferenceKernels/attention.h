// template, included once for each ISA: attention of several tokens, softmax(scale · queries ·
// keysᵀ) · values, with an online softmax, so that no row of scores is ever whole.

// How many first pairs the token's window leaves out.
INLINE size_t out_of_window(const ck_pairs *pairs, size_t token) {
  return pairs->out_of_window ? pairs->out_of_window[token] : 0;
}

// How many first pairs, also those out of the window, do not follow the token.
INLINE size_t visible_end(const ck_pairs *pairs, size_t token) {
  size_t end = pairs->before + token + 1;
  return end < pairs->count ? end : pairs->count;
}

// A pair's place in the tile that begins at `start`, limited to the tile's ends.
INLINE size_t in_tile(size_t pair, size_t start) {
  return pair <= start ? 0 : pair - start < ATTEND_KEYS ? pair - start : ATTEND_KEYS;
}

// A strip of rows against one tile of pairs, from scores to sums, while both stay in the nearest
// cache.
INLINE void attend_strip_as(int as_pairs, const ck_attention *call, const ck_pairs *pairs,
  const attention_tile *t, size_t row, size_t rows, size_t start) {
  float scores[ATTEND_STRIP * ATTEND_KEYS];
  float *output = t->output + row * t->width;
  multiply(as_pairs, rows, ATTEND_KEYS, t->key_units, t->queries + row * t->key_stride,
    t->key_stride, t->keys, ATTEND_KEYS, scores, ATTEND_KEYS, 0);
  size_t token = call->first_token + row / call->group, member = row % call->group;
  for (size_t r = 0; r < rows; r++) {
    float *line = scores + r * ATTEND_KEYS;
    size_t from = in_tile(out_of_window(pairs, token), start);
    size_t to = in_tile(visible_end(pairs, token), start);
    attention_row state = {
      t->maximum + row + r, t->sums + 16 * (row + r), output + r * t->width, t->width};
    if (from >= to) __builtin_memset(line, 0, ATTEND_KEYS * 4);
    else softmax_row(as_pairs, line, from, to, call->scale, call->cap, state);
    if (++member == call->group) {
      member = 0;
      token++;
    }
  }
  multiply(as_pairs, rows, t->width, t->value_units, scores, ATTEND_KEYS, t->values, t->width,
    output, t->width, 1);
}

static void attend_strip(const ck_attention *call, const ck_pairs *pairs, const attention_tile *t,
  size_t row, size_t rows, size_t start) {
  if (t->pairs) attend_strip_as(1, call, pairs, t, row, rows, start);
  else attend_strip_as(0, call, pairs, t, row, rows, start);
}

static void attend_pairs(const ck_attention *call, const ck_pairs *pairs, const attention_tile *t) {
  size_t end = visible_end(pairs, call->first_token + call->token_count - 1);
  for (size_t start = out_of_window(pairs, call->first_token); start < end; start += ATTEND_KEYS) {
    size_t some = end - start < ATTEND_KEYS ? end - start : ATTEND_KEYS;
    pack_keys(&pairs->keys, call->key_length, t, start, some);
    pack_values(&pairs->values, call->value_length, t, start, some);
    for (size_t row = 0; row < t->rows; row += ATTEND_STRIP) {
      size_t rows = t->rows - row < ATTEND_STRIP ? t->rows - row : ATTEND_STRIP;
      size_t first = call->first_token + row / call->group;
      size_t last = call->first_token + (row + rows - 1) / call->group;
      if (out_of_window(pairs, first) < start + some && start < visible_end(pairs, last))
        attend_strip(call, pairs, t, row, rows, start);
    }
  }
}

static void attend(const ck_attention *call) {
  attention_tile t = lay_out(call);
  for (size_t r = 0; r < t.rows; r++) {
    size_t token = call->first_token + r / call->group, g = r % call->group;
    const float *query = call->queries + token * call->query_stride + g * call->key_length;
    to_units(t.pairs, query, call->key_length, t.queries + r * t.key_stride);
    t.maximum[r] = -INFINITY;
  }
  __builtin_memset(t.sums, 0, t.rows * (16 + t.width) * 4);

  for (size_t part = 0; part < call->parts; part++) attend_pairs(call, call->pairs + part, &t);

  for (size_t r = 0; r < t.rows; r++) {
    size_t token = call->first_token + r / call->group, g = r % call->group;
    float *target = call->output + token * call->output_stride + g * call->value_length;
    float total = sum(load(t.sums + 16 * r)), factor = 1 / total;
    for (size_t i = 0; i < call->value_length; i++) target[i] = t.output[r * t.width + i] * factor;
    if (call->denominators)
      call->denominators[token * call->denominator_stride + g] = t.maximum[r] + log2f(total);
  }
}
