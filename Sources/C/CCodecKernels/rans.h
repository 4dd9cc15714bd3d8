// template, included once for each ISA: decodes planes of small integers that an interleaved range
// coder (rANS, arXiv 1311.2540) wrote (spec/format.md, section 11.4).
//
// 32 lanes share one sequence of 16-bit words; token t is in lane t mod 32. The low 12 bits of a
// lane's state choose an entry of a table: symbol, frequency, and the entry's place among those of
// its symbol. A state that falls below 2^16 takes the next word, lanes in ascending order.

enum { RANS_BITS = 12, RANS_SLOTS = 1 << RANS_BITS, RANS_LEAST = 1 << 16 };

// The table of a token: the plane's class and the token's gain, between 0 and `last`.
INLINE size_t rans_table(const ck_rans_plane *plane, int8_t gain) {
  int table = plane->table + (plane->last > 0 ? gain : 0);
  int last = plane->last > 0 ? plane->last : plane->table;
  return (size_t)(table < 0 ? 0 : table > last ? last : table);
}

// One token; whether there was a word for it.
INLINE int rans_step(
  const ck_rans *call, const ck_rans_plane *plane, size_t token, size_t *word, int8_t *symbol) {
  uint32_t *state = call->states + token % CK_RANS_LANES, x = *state;
  size_t table = rans_table(plane, call->gains[token]);
  uint32_t entry = call->tables[table * RANS_SLOTS + (x & (RANS_SLOTS - 1))];
  x = (entry & (RANS_SLOTS - 1)) * (x >> RANS_BITS) + (entry >> RANS_BITS & (RANS_SLOTS - 1));
  *symbol = (int8_t)(entry >> 24);
  if (x < RANS_LEAST) {
    if (*word == call->word_count) return 0;
    x = x << 16 | call->words[(*word)++];
  }
  *state = x;
  return 1;
}

// Tokens first … first + 31 of a plane, or as many as there are.
INLINE int rans_round(
  const ck_rans *call, const ck_rans_plane *plane, size_t first, size_t *word, int8_t *symbols) {
#ifdef HAS_RANS_FULL_ROUND
  if (first + CK_RANS_LANES <= call->tokens && *word + CK_RANS_LANES <= call->word_count) {
    rans_full_round(call, plane, first, word, symbols);
    return 1;
  }
#endif
  size_t end = first + CK_RANS_LANES < call->tokens ? first + CK_RANS_LANES : call->tokens;
  for (size_t token = first; token < end; token++)
    if (!rans_step(call, plane, token, word, symbols + token)) return 0;
  return 1;
}

static int decode_planes(const ck_rans *call) {
  size_t word = 0;
  for (size_t p = 0; p < call->plane_count; p++)
    for (size_t first = 0; first < call->tokens; first += CK_RANS_LANES)
      if (!rans_round(call, call->planes + p, first, &word, call->symbols + p * call->stride))
        return 0;
  for (int lane = 0; lane < CK_RANS_LANES; lane++)
    if (call->states[lane] != RANS_LEAST) return 0;
  return word == call->word_count;
}
