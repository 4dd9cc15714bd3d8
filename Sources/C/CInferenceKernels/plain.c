// The engine's kernels for any processor.
#include <isa/plain.h>

#define KERNELS ck_inference_plain
#define TILE_ROWS 2
#define TILE_VECTORS 1

#include "kernels.h"
