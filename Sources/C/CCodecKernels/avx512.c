// The codec's kernels for avx512.
#if defined(__x86_64__)
#include <isa/avx512.h>

#include "CCodecKernels.h"

#include "product_avx512.h"
#include "rans_avx512.h"

#define KERNELS ck_codec_avx512
#include "kernels.h"

#pragma clang attribute pop
#endif
