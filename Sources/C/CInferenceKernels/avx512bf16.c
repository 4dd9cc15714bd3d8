// The engine's kernels for AVX-512 with VNNI and BF16.
#if defined(__x86_64__)
#include <isa/avx512bf16.h>

#define KERNELS ck_inference_avx512bf16
#define TILE_ROWS 6
#define TILE_VECTORS 4

#include "look_up.h"
#include "math_avx512.h"
#include "int16_avx512.h"
#include "bfloat16_avx512.h"
#include "kernels.h"

#pragma clang attribute pop
#endif
