// The codec's kernels for avx512bf16.
#if defined(__x86_64__)
#include <isa/avx512bf16.h>

#define KERNELS ck_codec_avx512bf16
#include "kernels.h"

#pragma clang attribute pop
#endif
