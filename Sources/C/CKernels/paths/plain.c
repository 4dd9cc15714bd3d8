// Any processor: what the compiler makes of 16-wide vectors without promises about the machine.
#include "common.h"

#define PATH ck_plain
#define PATH_NAME "plain"
#define TILE_ROWS 2
#define TILE_VECTORS 1

typedef uint16_t plain_halves __attribute__((vector_size(32)));
typedef uint32_t plain_words __attribute__((vector_size(64)));

static inline vector vector_from_f16(const uint8_t *p) {
  plain_halves halves;
  __builtin_memcpy(&halves, p, 32);
  plain_words h = __builtin_convertvector(halves, plain_words);
  vector scaled = (vector)((h & 0x7FFF) << 13) * 0x1p112f;
  plain_words special = (plain_words)((h & 0x7C00) == 0x7C00) & 0x7F800000;
  return (vector)((plain_words)scaled | special | (h & 0x8000) << 16);
}

// Normal numbers round by carrying into the exponent; small ones by adding a power of two whose last
// place is binary16's smallest step; the rest is infinity or not a number.
static inline void vector_to_f16(vector v, uint16_t *target) {
  plain_words bits = (plain_words)v, sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  plain_words normal = (magnitude + 0xFFF + (magnitude >> 13 & 1) - (112u << 23)) >> 13;
  plain_words small = (plain_words)((vector)magnitude + 0.5f) - 0x3F000000;
  plain_words huge = 0x7C00 | ((plain_words)(magnitude > 0x7F800000) & 0x200);
  plain_words is_small = (plain_words)(magnitude < (113u << 23));
  plain_words is_huge = (plain_words)(magnitude >= 0x477FF000);
  plain_words result = (is_small & small) | (~is_small & normal);
  result = ((is_huge & huge) | (~is_huge & result)) | sign;
  plain_halves narrowed = __builtin_convertvector(result, plain_halves);
  __builtin_memcpy(target, &narrowed, 32);
}

// One binary16 of a block's head.
static inline float scalar_from_f16(const uint8_t *p) {
  uint32_t h = (uint32_t)p[0] | (uint32_t)p[1] << 8;
  uint32_t bits = (h & 0x8000) << 16 | (h & 0x7FFF) << 13;
  float f, scaled;
  __builtin_memcpy(&f, &bits, 4);
  scaled = f * 0x1p112f;
  if ((h & 0x7C00) == 0x7C00) {  // infinity or not a number
    bits |= 0x7F800000;
    __builtin_memcpy(&scaled, &bits, 4);
  }
  return scaled;
}

#include "kernels.inc"
