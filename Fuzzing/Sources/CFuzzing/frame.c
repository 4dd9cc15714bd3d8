#include <zstd.h>

#include "CFuzzing.h"

size_t fz_decode_frame(const uint8_t *frame, size_t count, uint8_t *target, size_t room) {
  size_t length = ZSTD_decompress(target, room, frame, count);
  return ZSTD_isError(length) ? 0 : length;
}
