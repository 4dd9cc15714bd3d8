// template, included once for each ISA: x86 processors with AVX-512 F, BW, DQ and VL.
// Begins the features of that ISA; a file that includes this ends with
// `#pragma clang attribute pop`.
#include "types.h"

#include <immintrin.h>

#pragma clang attribute push(                                                  \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
  apply_to = function)
#pragma clang fp contract(fast)

#include "f16_avx512.h"
#include "vectors.h"
#include "elements.h"
