// The codec's kernels for plain.
#include <isa/plain.h>

#define KERNELS ck_codec_plain
#include "kernels.h"
