// The engine's kernels for AVX2.
#if defined(__x86_64__)
#include <isa/avx2.h>

#define KERNELS ck_inference_avx2
#define TILE_ROWS 3
#define TILE_VECTORS 2

#include "look_up.h"
#include "kernels.h"

#pragma clang attribute pop
#endif
