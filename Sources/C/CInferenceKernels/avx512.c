// The engine's kernels for AVX-512.
#if defined(__x86_64__)
#include <isa/avx512.h>

#define KERNELS ck_inference_avx512
#define TILE_ROWS 6
#define TILE_VECTORS 4

#include "look_up.h"
#include "math_avx512.h"
#include "kernels.h"

#pragma clang attribute pop
#endif
