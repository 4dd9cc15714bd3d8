// Copies a filter bank, and rejects what is wrong: for the address sanitizer.
//
//     filters BANK COPY BROKEN
#include <kvsnap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, kvsnap_message());
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4) return fail("usage");
  kvsnap_filters bank, copy;
  if (kvsnap_read_filters(argv[1], &bank, NULL, 0)) return fail("read");
  size_t count = (size_t)bank.layers * bank.kv_heads * bank.head_length;
  float *values = calloc(count, sizeof(float)), *again = calloc(count, sizeof(float));
  uint64_t bytes = 0;
  if (kvsnap_read_filters(argv[1], &bank, values, count)) return fail("values");
  if (kvsnap_write_filters(argv[2], &bank, values, count, &bytes) || !bytes) return fail("write");
  if (kvsnap_read_filters(argv[2], &copy, again, count)) return fail("copy");
  if (memcmp(&bank, &copy, sizeof bank) || memcmp(values, again, count * sizeof(float)))
    return fail("the copy differs");

  kvsnap_filters huge = {.layers = UINT32_MAX, .kv_heads = UINT32_MAX, .head_length = UINT32_MAX};
  const int wrong[] = {
    kvsnap_read_filters(argv[1], &bank, values, count - 1),
    kvsnap_read_filters(argv[1], NULL, values, count),
    kvsnap_write_filters(argv[2], &bank, values, count - 1, NULL),
    kvsnap_write_filters(argv[2], &bank, values, SIZE_MAX, NULL),
    kvsnap_write_filters(argv[2], &bank, NULL, count, NULL),
    kvsnap_write_filters(argv[2], NULL, values, count, NULL),
    kvsnap_write_filters(argv[2], &huge, values, count, NULL),
    kvsnap_write_filters(NULL, &bank, values, count, NULL),
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (wrong[i] != KVSNAP_USAGE) return fail("a wrong argument was taken");
  if (kvsnap_read_filters(argv[3], &bank, values, count) != KVSNAP_MALFORMED) return fail(argv[3]);
  values[count - 1] = 0.0F / 0.0F;
  if (kvsnap_write_filters(argv[2], &copy, values, count, NULL) != KVSNAP_OTHER)
    return fail("no number was written");
  free(values);
  free(again);
  return 0;
}
