// template, included once for each ISA. Vectors are 16 floats wide everywhere; the compiler splits
// them where registers are narrower.
//
// The including file includes the ISA's header before. It defines KERNELS (the table's name),
// TILE_ROWS and TILE_VECTORS (the register tile of matrix products). Where the ISA has instructions
// for them, it also includes look_up.h, math_avx512.h, int16_avx512.h and bfloat16_avx512.h. The
// last two round further than to float32.
#include "common.h"

#include "exponential.h"
#include "quants.h"
#include "blocks.h"
#include "int16.h"
#include "dot.h"
#include "bfloat16.h"
#include "elementwise.h"
#include "matmul.h"
#include "small_batch.h"
#include "rows.h"
#include "softmax.h"
#include "tile.h"
#include "attention.h"
#include "peak.h"
#include "split.h"

const ck_inference_kernels KERNELS = {
  .has_bf16_dots = HAS_BF16_DOTS,
  .dequantise = dequantise,
  .dot = dot,
  .takes_int16 = takes_int16,
  .quantise_activations = quantise_activations,
  .multiply_small_batch = multiply_small_batch,
  .f16_from_float = f16_from_float,
  .bf16_from_float = bf16_from_float,
  .is_within = is_within,
  .rms_norm = rms_norm,
  .rope = rope,
  .swiglu = swiglu,
  .geglu = geglu,
  .soft_cap = soft_cap,
  .softmax = softmax,
  .add = add,
  .pack_panel = pack_panel,
  .multiply_panel = multiply_panel,
  .decode_rows = decode_rows,
  .attend = attend,
  .peak = peak,
  .attend_split = attend_split,
  .merge_splits = merge_splits,
};
