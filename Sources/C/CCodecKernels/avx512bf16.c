// The codec's kernels for avx512bf16.
#if defined(__x86_64__)
#include <isa/avx512bf16.h>

#include "CCodecKernels.h"

#define ADD_PRODUCTS(sum, x, y) _mm512_dpwssd_epi32(sum, x, y)
#include "product_avx512.h"
#include "rans_avx512.h"

#define KERNELS ck_codec_avx512bf16
#include "kernels.h"

#pragma clang attribute pop
#endif
