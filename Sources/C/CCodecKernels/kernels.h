// template, included once for each ISA. The including file includes the ISA's header before, and
// defines KERNELS, the table's name.
#include "CCodecKernels.h"

#include "product.h"
#include "quantise.h"
#include "rans.h"

const ck_codec_kernels KERNELS = {
  .f16_from_float = f16_from_float,
  .bf16_from_float = bf16_from_float,
  .float_from_f16 = float_from_f16,
  .float_from_bf16 = float_from_bf16,
  .quantise_columns = quantise_columns,
  .quantise_rows = quantise_rows,
  .restore_columns = restore_columns,
  .restore_rows = restore_rows,
  .decode_planes = decode_planes,
  .multiply_int16 = multiply_int16,
};
