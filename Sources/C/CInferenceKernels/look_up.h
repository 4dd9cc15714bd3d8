// template, included once for each ISA of x86.

#define HAS_LOOK_UP 1

static inline sbytes16 look_up(const int8_t *table, bytes16 indices) {
  return (sbytes16)_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)table), (__m128i)indices);
}
