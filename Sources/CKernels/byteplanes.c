#include "byteplanes.h"

static void split2(const uint8_t *restrict elements, size_t count, uint8_t *restrict planes) {
  uint8_t *restrict low = planes, *restrict high = planes + count;
  for (size_t i = 0; i < count; i++) {
    low[i] = elements[2 * i];
    high[i] = elements[2 * i + 1];
  }
}

static void split4(const uint8_t *restrict elements, size_t count, uint8_t *restrict planes) {
  uint8_t *restrict p0 = planes, *restrict p1 = planes + count, *restrict p2 = planes + 2 * count,
                    *restrict p3 = planes + 3 * count;
  for (size_t i = 0; i < count; i++) {
    p0[i] = elements[4 * i];
    p1[i] = elements[4 * i + 1];
    p2[i] = elements[4 * i + 2];
    p3[i] = elements[4 * i + 3];
  }
}

void ck_split_planes(const uint8_t *elements, size_t count, size_t width, uint8_t *planes) {
  if (width == 2) {
    split2(elements, count, planes);
  } else {
    split4(elements, count, planes);
  }
}

static void merge2(const uint8_t *restrict low, const uint8_t *restrict high, size_t count,
                   uint8_t *restrict out) {
  for (size_t i = 0; i < count; i++) {
    out[2 * i] = low[i];
    out[2 * i + 1] = high[i];
  }
}

static void merge4(const uint8_t *restrict p0, const uint8_t *restrict p1,
                   const uint8_t *restrict p2, const uint8_t *restrict p3, size_t count,
                   uint8_t *restrict out) {
  for (size_t i = 0; i < count; i++) {
    out[4 * i] = p0[i];
    out[4 * i + 1] = p1[i];
    out[4 * i + 2] = p2[i];
    out[4 * i + 3] = p3[i];
  }
}

void ck_merge_planes(const uint8_t *const *planes, size_t width, size_t rows, size_t row_length,
                     const uint32_t *slots, uint8_t *out) {
  for (size_t row = 0; row < rows; row++) {
    size_t slot = slots ? slots[row] : row;
    if (slots && slots[row] == CK_NO_SLOT) continue;
    size_t from = row * row_length;
    uint8_t *to = out + slot * row_length * width;
    if (width == 2) {
      merge2(planes[0] + from, planes[1] + from, row_length, to);
    } else {
      merge4(planes[0] + from, planes[1] + from, planes[2] + from, planes[3] + from, row_length,
             to);
    }
  }
}
