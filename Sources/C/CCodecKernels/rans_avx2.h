// template: a round of `rans.h` for AVX2 whose 32 tokens, and as many words, are all there.
#define HAS_RANS_FULL_ROUND 1

// For each mask of eight lanes, the place among the next words that each set lane takes.
static uint8_t lane_words[256][8];

__attribute__((constructor)) static void fill_lane_words(void) {
  for (int mask = 0; mask < 256; mask++) {
    uint8_t next = 0;
    for (int lane = 0; lane < 8; lane++) lane_words[mask][lane] = mask >> lane & 1 ? next++ : 0;
  }
}

INLINE void rans_full_round(
  const ck_rans *call, const ck_rans_plane *plane, size_t first, size_t *word, int8_t *symbols) {
  const __m256i low = _mm256_set1_epi32(4095), zero = _mm256_setzero_si256();
  const int8_t *gains = call->gains + first;
  for (int i = 0; i < 4; i++) {
    __m256i *state = (__m256i *)(call->states + 8 * i), x = _mm256_loadu_si256(state);
    __m256i table = _mm256_set1_epi32(plane->table);
    if (plane->last > 0) {
      __m128i gain = _mm_loadl_epi64((const __m128i *)(gains + 8 * i));
      table = _mm256_add_epi32(table, _mm256_cvtepi8_epi32(gain));
      table = _mm256_max_epi32(zero, _mm256_min_epi32(_mm256_set1_epi32(plane->last), table));
    }
    __m256i place = _mm256_or_si256(_mm256_slli_epi32(table, 12), _mm256_and_si256(x, low));
    __m256i entry = _mm256_i32gather_epi32((const int *)call->tables, place, 4);
    x = _mm256_mullo_epi32(_mm256_and_si256(entry, low), _mm256_srli_epi32(x, 12));
    x = _mm256_add_epi32(x, _mm256_and_si256(_mm256_srli_epi32(entry, 12), low));
    __m256i is_small = _mm256_cmpeq_epi32(_mm256_srli_epi32(x, 16), zero);
    int mask = _mm256_movemask_ps(_mm256_castsi256_ps(is_small));
    __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(call->words + *word)));
    __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)lane_words[mask]));
    words = _mm256_permutevar8x32_epi32(words, order);
    __m256i filled = _mm256_or_si256(_mm256_slli_epi32(x, 16), words);
    _mm256_storeu_si256(state, _mm256_blendv_epi8(x, filled, is_small));
    *word += (size_t)__builtin_popcount((unsigned)mask);
    __m256i symbol = _mm256_srai_epi32(entry, 24);
    __m128i halves =
      _mm_packs_epi32(_mm256_castsi256_si128(symbol), _mm256_extracti128_si256(symbol, 1));
    _mm_storel_epi64((__m128i *)(symbols + first + 8 * i), _mm_packs_epi16(halves, halves));
  }
}
