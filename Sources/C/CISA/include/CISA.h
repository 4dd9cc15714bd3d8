// Instruction sets (ISAs) that kernels are compiled for, and the rule that chooses one.
//
// A kernel is one C source, a template, compiled once for each ISA. `isa/NAME.h` begins such a
// compilation: vectors of 16 floats, conversions of elements, and the processor features in use.
// All ISAs compute the same formulas. Sums may differ in the last places: wider vectors add in
// another order and fuse products into sums.
//
// The environment variable QFILTERS_KERNELS names another ISA than the widest, so that each can be
// tested on one machine. It is read once.
#ifndef CISA_H
#define CISA_H

#include <stdbool.h>

/// From the narrowest to the widest; each contains those before it.
typedef enum {
  CK_ISA_PLAIN = 0,       // "plain": any processor
  CK_ISA_AVX2 = 1,        // "avx2": AVX2, FMA and F16C (2013 and later)
  CK_ISA_AVX512 = 2,      // "avx512": AVX-512 F, BW, DQ and VL
  CK_ISA_AVX512BF16 = 3,  // "avx512bf16": also VNNI and BF16
} ck_isa;

enum { CK_ISA_COUNT = 4 };

/// The name, as QFILTERS_KERNELS has it.
const char *_Nonnull ck_isa_name(ck_isa isa);

/// Whether the processor and the operating system both say that they run it.
bool ck_isa_is_available(ck_isa isa);

/// The ISA that all kernels of this process use: the one that QFILTERS_KERNELS names, or the widest
/// that is available. The widest, too, if the name is unknown or not available; a program should
/// reject that name (`ck_isa_rejected_name`).
ck_isa ck_isa_current(void);

/// The value of QFILTERS_KERNELS if it names no available ISA; NULL if it does or is not set. It
/// lives as long as the process.
const char *_Nullable ck_isa_rejected_name(void);

#endif
