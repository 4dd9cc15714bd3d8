// What all paths and the dispatcher share.
#ifndef PATHS_COMMON_H
#define PATHS_COMMON_H

#include "../include/CKernels.h"

#include <math.h>

// Vectors pass only between functions that are inlined into one file, so no calling convention matters.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vector __attribute__((vector_size(64)));
typedef int32_t ivector __attribute__((vector_size(64)));

#define LANES ((ivector){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})

enum { ATTEND_KEYS = 64, ATTEND_ROWS = 128 };

extern const ck_kernels ck_plain;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2, ck_avx512;
#endif

#endif
