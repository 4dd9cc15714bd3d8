// What all ISAs share: types of vectors, which the compiler splits where registers are narrower.
#ifndef ISA_TYPES_H
#define ISA_TYPES_H

#include <stddef.h>
#include <stdint.h>

// Vectors pass only between functions that are inlined into one file, so no calling convention
// matters.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float vector __attribute__((vector_size(64)));
typedef float vector4 __attribute__((vector_size(16)));
typedef int32_t ivector __attribute__((vector_size(64)));
typedef uint32_t uvector __attribute__((vector_size(64)));
typedef uint16_t halves16 __attribute__((vector_size(32)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes32 __attribute__((vector_size(32)));
typedef int8_t sbytes16 __attribute__((vector_size(16)));
typedef int8_t sbytes32 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))

// For loops over vectors that are to stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

#define LANES ((ivector){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})

INLINE size_t round16(size_t x) { return (x + 15) & ~(size_t)15; }

#endif
