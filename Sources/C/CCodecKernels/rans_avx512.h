// template: a round of `rans.h` for AVX-512 whose 32 tokens, and as many words, are all there.
#define HAS_RANS_FULL_ROUND 1

INLINE void rans_full_round(
  const ck_rans *call, const ck_rans_plane *plane, size_t first, size_t *word, int8_t *symbols) {
  const __m512i low = _mm512_set1_epi32(4095), least = _mm512_set1_epi32(1 << 16);
  UNROLLED
  for (int i = 0; i < 2; i++) {
    uint32_t *state = call->states + 16 * i;
    __m512i x = _mm512_loadu_si512(state), table = _mm512_set1_epi32(plane->table);
    if (plane->last > 0) {
      __m128i gain = _mm_loadu_si128((const __m128i *)(call->gains + first + 16 * i));
      table = _mm512_add_epi32(table, _mm512_cvtepi8_epi32(gain));
      table = _mm512_min_epi32(_mm512_set1_epi32(plane->last), table);
      table = _mm512_max_epi32(_mm512_setzero_si512(), table);
    }
    __m512i place = _mm512_or_si512(_mm512_slli_epi32(table, 12), _mm512_and_si512(x, low));
    __m512i entry = _mm512_i32gather_epi32(place, (const int *)call->tables, 4);
    x = _mm512_mullo_epi32(_mm512_and_si512(entry, low), _mm512_srli_epi32(x, 12));
    x = _mm512_add_epi32(x, _mm512_and_si512(_mm512_srli_epi32(entry, 12), low));
    __mmask16 is_small = _mm512_cmplt_epu32_mask(x, least);
    __m256i next = _mm256_loadu_si256((const __m256i *)(call->words + *word));
    __m512i words = _mm512_maskz_expand_epi32(is_small, _mm512_cvtepu16_epi32(next));
    x = _mm512_mask_or_epi32(x, is_small, _mm512_slli_epi32(x, 16), words);
    _mm512_storeu_si512(state, x);
    *word += (size_t)__builtin_popcount(is_small);
    __m128i symbol = _mm512_cvtepi32_epi8(_mm512_srai_epi32(entry, 24));
    _mm_storeu_si128((__m128i *)(symbols + first + 16 * i), symbol);
  }
}
