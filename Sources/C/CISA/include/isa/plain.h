// template, included once for each ISA: any processor. The compiler makes what it can of vectors,
// without promises about the machine.
#include "types.h"

static inline vector vector_from_f16(const uint8_t *p) {
  halves16 halves;
  __builtin_memcpy(&halves, p, 32);
  uvector h = __builtin_convertvector(halves, uvector);
  vector scaled = (vector)((h & 0x7FFF) << 13) * 0x1p112f;
  uvector special = (uvector)((h & 0x7C00) == 0x7C00) & 0x7F800000;
  return (vector)((uvector)scaled | special | (h & 0x8000) << 16);
}

// Normal numbers round by carrying into the exponent. Small ones round by adding a power of two
// whose last place is binary16's smallest step. The rest is infinity or not a number.
static inline void vector_to_f16(vector v, uint16_t *target) {
  uvector bits = (uvector)v;
  uvector sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  uvector normal = (magnitude + 0xFFF + (magnitude >> 13 & 1) - (112u << 23)) >> 13;
  uvector small = (uvector)((vector)magnitude + 0.5f) - 0x3F000000;
  uvector huge = 0x7C00 | ((uvector)(magnitude > 0x7F800000) & 0x200);
  uvector is_small = (uvector)(magnitude < (113u << 23));
  uvector is_huge = (uvector)(magnitude >= 0x477FF000);
  uvector result = (is_small & small) | (~is_small & normal);
  result = ((is_huge & huge) | (~is_huge & result)) | sign;
  halves16 converted = __builtin_convertvector(result, halves16);
  __builtin_memcpy(target, &converted, 32);
}

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

#include "vectors.h"
#include "elements.h"
