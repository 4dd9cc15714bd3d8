// template, included once for each ISA: the greatest weight that each pair gets from many queries.

// A strip of rows against one tile of pairs: the tile's peaks grow.
INLINE void peak_strip_as(int as_pairs, const ck_attention *call, const attention_tile *t,
  const float *denominators, size_t token, size_t row, size_t rows, size_t start, vector *peaks) {
  float scores[ATTEND_STRIP * ATTEND_KEYS];
  multiply(as_pairs, rows, ATTEND_KEYS, t->key_units, t->queries + row * t->key_stride,
    t->key_stride, t->keys, ATTEND_KEYS, scores, ATTEND_KEYS, 0);
  for (size_t r = 0; r < rows; r++) {
    size_t own = token + (row + r) / call->group;
    size_t from = in_tile(out_of_window(call->pairs, own), start);
    size_t to = in_tile(visible_end(call->pairs, own), start);
    for (int j = 0; j < ATTEND_KEYS / 16; j++) {
      vector s = scaled(load(scores + r * ATTEND_KEYS + 16 * j), call->scale, call->cap);
      s = choose(within(16 * j, from, to), s - denominators[row + r], splat(-INFINITY));
      peaks[j] = vmax(peaks[j], s);
    }
  }
}

// One block of tokens against the pairs of the call.
static void peak_block(
  const ck_peak *call, const attention_tile *t, const float *denominators, size_t token) {
  const ck_attention *rows = &call->attention;
  for (size_t start = 0; start < call->pairs; start += ATTEND_KEYS) {
    size_t some = call->pairs - start < ATTEND_KEYS ? call->pairs - start : ATTEND_KEYS;
    float *target = call->peaks + start, line[ATTEND_KEYS] = {0};
    pack_keys(&rows->pairs->keys, rows->key_length, t, call->first + start, some);
    __builtin_memcpy(line, target, some * 4);
    vector peaks[ATTEND_KEYS / 16];
    for (int j = 0; j < ATTEND_KEYS / 16; j++)
      peaks[j] = choose(within(16 * j, 0, some), load(line + 16 * j), splat(-INFINITY));
    for (size_t row = 0; row < t->rows; row += ATTEND_STRIP) {
      size_t count = t->rows - row < ATTEND_STRIP ? t->rows - row : ATTEND_STRIP;
      if (t->pairs)
        peak_strip_as(1, rows, t, denominators, token, row, count, call->first + start, peaks);
      else peak_strip_as(0, rows, t, denominators, token, row, count, call->first + start, peaks);
    }
    for (int j = 0; j < ATTEND_KEYS / 16; j++) store(line + 16 * j, peaks[j]);
    __builtin_memcpy(target, line, some * 4);
  }
}

static void peak(const ck_peak *call) {
  ck_attention block = call->attention;
  size_t most = ck_attend_tokens(block.group), last = block.first_token + block.token_count;
  for (size_t token = block.first_token; token < last; token += most) {
    block.token_count = last - token < most ? last - token : most;
    attention_tile t = lay_out(&block);
    for (size_t r = 0; r < t.rows; r++) {
      size_t own = token + r / block.group, g = r % block.group;
      const float *query = block.queries + own * block.query_stride + g * block.key_length;
      to_units(t.pairs, query, block.key_length, t.queries + r * t.key_stride);
      t.maximum[r] = block.denominators[own * block.denominator_stride + g];
    }
    peak_block(call, &t, t.maximum, token);
  }
}
