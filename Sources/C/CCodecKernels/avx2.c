// The codec's kernels for avx2.
#if defined(__x86_64__)
#include <isa/avx2.h>

#include "CCodecKernels.h"

#include "product_avx2.h"
#include "rans_avx2.h"

#define KERNELS ck_codec_avx2
#include "kernels.h"

#pragma clang attribute pop
#endif
