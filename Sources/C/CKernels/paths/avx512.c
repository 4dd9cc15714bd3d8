// x86 processors with AVX-512 F, BW, DQ and VL.
#include "common.h"

#if defined(__x86_64__)
#include <immintrin.h>
#pragma clang attribute push( \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
  apply_to = function)
#pragma clang fp contract(fast)

#define PATH ck_avx512
#define PATH_NAME "avx512"
#define TILE_ROWS 6
#define TILE_VECTORS 4

#include "avx512.inc"
#define HAS_NIBBLES 1
#define HAS_LOOK_UP 1

#include "kernels.inc"
#pragma clang attribute pop
#endif
