// What all paths and the dispatcher share.
#ifndef PATHS_COMMON_H
#define PATHS_COMMON_H

#include "../include/CKernels.h"

#include <math.h>

// Vectors pass only between functions that are inlined into one file, so no calling convention matters.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vector __attribute__((vector_size(64)));
typedef float vector4 __attribute__((vector_size(16)));
typedef int32_t ivector __attribute__((vector_size(64)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes32 __attribute__((vector_size(32)));
typedef int8_t sbytes16 __attribute__((vector_size(16)));
typedef int8_t sbytes32 __attribute__((vector_size(32)));

// For loops over vectors that are to stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

#define LANES ((ivector){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})

// Attention takes ATTEND_KEYS pairs at a time, for ATTEND_ROWS rows of queries, of which ATTEND_STRIP
// go from scores to sums before the next: a tile of keys and values and a strip fit the nearest cache,
// the rows of a call the next one. A strip is a whole number of register tiles on every path.
enum { ATTEND_KEYS = 64, ATTEND_ROWS = 768, ATTEND_STRIP = 12 };

// Columns that are quantised at a time.
enum { QUANTISE_COLUMNS = 256 };

extern const ck_kernels ck_plain;
#if defined(__x86_64__)
extern const ck_kernels ck_avx2, ck_avx512, ck_avx512bf16;
#endif

#endif
