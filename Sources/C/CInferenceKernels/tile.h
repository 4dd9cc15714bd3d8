// template, included once for each ISA: the memory of one call of `attend`, and keys and values
// packed into it.

// What one call works on, cut out of its scratch memory.
typedef struct {
  int pairs;
  size_t rows, width, key_units, key_stride, value_units;
  float *keys, *values, *queries, *output, *maximum, *sums, *line;
} attention_tile;

INLINE attention_tile lay_out(const ck_attention *call) {
  attention_tile t = {.pairs = call->products == CK_BF16, .rows = call->token_count * call->group};
  t.width = round16(call->value_length);
  t.key_units = t.pairs ? (call->key_length + 1) / 2 : call->key_length;
  t.key_stride = round16(t.key_units);
  t.value_units = t.pairs ? ATTEND_KEYS / 2 : ATTEND_KEYS;
  t.keys = call->scratch;
  t.values = t.keys + t.key_stride * ATTEND_KEYS;
  t.sums = t.values + ATTEND_KEYS * t.width;
  t.output = t.sums + 16 * t.rows;
  t.queries = t.output + t.rows * t.width;
  t.maximum = t.queries + t.rows * t.key_stride;
  t.line = t.maximum + round16(t.rows);
  return t;
}

// `count` floats as units, padded with zeros to a multiple of 16 units.
INLINE void to_units(int pairs, const float *source, size_t count, float *units) {
  if (pairs) {
    size_t end = (count + 31) & ~(size_t)31;
    __builtin_memset((uint16_t *)units + count, 0, (end - count) * 2);
    bf16_from_float(source, (uint16_t *)units, count);
  } else {
    __builtin_memset(units + count, 0, (round16(count) - count) * 4);
    __builtin_memcpy(units, source, count * 4);
  }
}

// Keys of one tile, transposed to [units][ATTEND_KEYS]. Missing pairs are zero.
static void pack_keys(
  const ck_rows *keys, size_t length, const attention_tile *t, size_t start, size_t pairs) {
  float *units = t->line + round16(length);
  for (size_t j = 0; j < ATTEND_KEYS; j += 16) {
    for (size_t r = 0; r < 16; r++)
      if (j + r < pairs) {
        decode_rows(keys, start + j + r, 1, length, t->line);
        to_units(t->pairs, t->line, length, units + r * t->key_stride);
      } else {
        __builtin_memset(units + r * t->key_stride, 0, t->key_stride * 4);
      }
    for (size_t u = 0; u < t->key_stride; u += 16) {
      vector block[16];
      for (size_t r = 0; r < 16; r++) block[r] = load(units + r * t->key_stride + u);
      transpose16(block);
      for (size_t r = 0; r < 16; r++) store(t->keys + (u + r) * ATTEND_KEYS + j, block[r]);
    }
  }
}

// Values of one tile, [units][width]. Missing pairs are zero.
static void pack_values(
  const ck_rows *values, size_t length, const attention_tile *t, size_t start, size_t pairs) {
  if (!t->pairs) {
    decode_rows(values, start, pairs, length, t->values);
    __builtin_memset(t->values + pairs * t->width, 0, (ATTEND_KEYS - pairs) * t->width * 4);
    return;
  }
  float *line = t->line, *next = t->line + t->width;
  for (size_t j = 0; j < ATTEND_KEYS; j += 2) {
    __builtin_memset(line, 0, t->width * 8);
    if (j < pairs) decode_rows(values, start + j, 1, length, line);
    if (j + 1 < pairs) decode_rows(values, start + j + 1, 1, length, next);
    for (size_t i = 0; i < t->width; i += 16)
      store(t->values + j / 2 * t->width + i, interleaved(load(line + i), load(next + i)));
  }
}
