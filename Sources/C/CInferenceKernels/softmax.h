// template, included once for each ISA: softmax, of a whole row or of one tile after the other
// (online). Scores are powers of two.

// Which of the 16 places from `first` on are in `from` … `to` - 1.
INLINE ivector within(int first, size_t from, size_t to) {
  return (LANES + first >= (int32_t)from) & (LANES + first < (int32_t)to);
}

INLINE vector scaled(vector scores, float scale, float cap) {
  return cap > 0 ? capped(scores * scale, cap) * LOG2_E : scores * (scale * LOG2_E);
}

// A row of queries: its maximum, its 16 sums and its output so far.
typedef struct {
  float *maximum, *sums, *output;
  size_t width;
} attention_row;

// One tile of scores becomes weights in place, as bfloat16 if `pairs`. The row's maximum and sums
// are updated, and what was summed before is scaled to the new maximum. If `some`, only scores
// `from` … `to` - 1 count.
INLINE void weigh(int pairs, int some, float *scores, size_t from, size_t to, float scale,
  float cap, attention_row row) {
  // Scores without a cap are scaled in one instruction with what follows.
  float factor = cap > 0 ? 1 : scale * LOG2_E;
  vector s[ATTEND_KEYS / 16], highest = splat(-INFINITY);
  UNROLLED
  for (int j = 0; j < ATTEND_KEYS / 16; j++) {
    s[j] = load(scores + 16 * j);
    if (cap > 0) s[j] = scaled(s[j], scale, cap);
    if (some) s[j] = choose(within(16 * j, from, to), s[j], splat(-INFINITY));
    highest = vmax(highest, s[j]);
  }
  highest *= factor;
  if (any_above(highest, *row.maximum)) {
    float top = greatest(highest);
    float shrink = *row.maximum == -INFINITY ? 0 : vexp2(splat(*row.maximum - top))[0];
    *row.maximum = top;
    store(row.sums, load(row.sums) * shrink);
    for (size_t i = 0; i < row.width; i += 16) store(row.output + i, load(row.output + i) * shrink);
  }
  vector total = load(row.sums), top = splat(*row.maximum);
  UNROLLED
  for (int j = 0; j < ATTEND_KEYS / 16; j++) {
    s[j] = vexp2_within(pairs, s[j] * factor - top);
    if (some) s[j] = choose(within(16 * j, from, to), s[j], (vector){});
    total += s[j];
  }
  UNROLLED
  for (int j = 0; j < ATTEND_KEYS / 16; j++) {
    if (pairs) vector_to_bf16(s[j], (uint16_t *)scores + 16 * j);
    else store(scores + 16 * j, s[j]);
  }
  store(row.sums, total);
}

// The usual case gets code of its own: whole tiles of scores without a cap.
INLINE void softmax_row(
  int pairs, float *scores, size_t from, size_t to, float scale, float cap, attention_row row) {
  if (from > 0 || to < ATTEND_KEYS) weigh(pairs, 1, scores, from, to, scale, cap, row);
  else if (cap > 0) weigh(pairs, 0, scores, 0, ATTEND_KEYS, scale, cap, row);
  else weigh(pairs, 0, scores, 0, ATTEND_KEYS, scale, 0, row);
}

static void softmax(float *scores, size_t count, float scale, float cap) {
  size_t whole = count & ~(size_t)15;
  ivector some = within(0, 0, count - whole);
  float rest[16] = {0};
  __builtin_memcpy(rest, scores + whole, (count - whole) * 4);
  vector last = choose(some, scaled(load(rest), scale, cap), splat(-INFINITY)), highest = last;
  for (size_t i = 0; i < whole; i += 16) {
    vector s = scaled(load(scores + i), scale, cap);
    store(scores + i, s);
    highest = vmax(highest, s);
  }
  float top = greatest(highest);
  last = choose(some, vexp2(last - top), (vector){});
  vector total = last;
  for (size_t i = 0; i < whole; i += 16) {
    vector e = vexp2(load(scores + i) - top);
    store(scores + i, e);
    total += e;
  }
  float share = 1 / sum(total);
  for (size_t i = 0; i < whole; i += 16) store(scores + i, load(scores + i) * share);
  store(rest, last * share);
  __builtin_memcpy(scores + whole, rest, (count - whole) * 4);
}
