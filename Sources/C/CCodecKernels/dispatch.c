// The table of the codec's kernels for an ISA.
#include "CCodecKernels.h"

extern const ck_codec_kernels ck_codec_plain;
#if defined(__x86_64__)
extern const ck_codec_kernels ck_codec_avx2, ck_codec_avx512, ck_codec_avx512bf16;
#endif

const ck_codec_kernels *ck_codec_kernels_of(ck_isa isa) {
#if defined(__x86_64__)
  switch (isa) {
  case CK_ISA_PLAIN: break;
  case CK_ISA_AVX2: return &ck_codec_avx2;
  case CK_ISA_AVX512: return &ck_codec_avx512;
  case CK_ISA_AVX512BF16: return &ck_codec_avx512bf16;
  }
#endif
  return &ck_codec_plain;
}
