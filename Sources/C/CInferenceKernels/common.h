// What all ISAs and the dispatcher share.
#ifndef INFERENCE_COMMON_H
#define INFERENCE_COMMON_H

#include "CInferenceKernels.h"

#include <isa/types.h>
#include <math.h>

// Attention takes ATTEND_KEYS pairs at a time, for ATTEND_ROWS rows of queries. ATTEND_STRIP of
// these go from scores to sums before the next. A tile of keys and values and a strip fit the
// nearest cache, the rows of a call the next one. A strip is a whole number of register tiles on
// every ISA.
enum { ATTEND_KEYS = 64, ATTEND_ROWS = 768, ATTEND_STRIP = 12 };

#endif
