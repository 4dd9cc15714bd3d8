// Prints what ×8 keeps of a snapshot's first layer.
//
//     cc read.c -lkvsnap -o read && ./read book.kvsnap
#include <inttypes.h>
#include <kvsnap.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  kvsnap_snapshot *snapshot;
  kvsnap_shape shape;
  if (count != 2 || kvsnap_open(words[1], NULL, 0, &snapshot)) {
    fprintf(stderr, "%s\n", count == 2 ? kvsnap_message() : "usage: read SNAPSHOT");
    return 1;
  }
  kvsnap_describe(snapshot, &shape);
  uint64_t *pairs = calloc(shape.kv_heads, sizeof *pairs);
  kvsnap_head *heads = calloc(shape.kv_heads, sizeof *heads);
  int failed = !pairs || !heads || kvsnap_count(snapshot, 0, 8, pairs);
  for (uint32_t h = 0; !failed && h < shape.kv_heads; h++) {
    heads[h].positions = calloc(pairs[h] + 1, sizeof(uint32_t));
    heads[h].keys = calloc(pairs[h] + 1, shape.key_length * sizeof(float));
  }
  failed = failed || kvsnap_read(snapshot, 0, 1, 8, KVSNAP_F32, heads);
  if (failed) fprintf(stderr, "%s\n", kvsnap_message());
  for (uint32_t h = 0; !failed && h < shape.kv_heads; h++)
    printf("head %" PRIu32 ": %" PRIu64 " pairs, the first at %" PRIu32 "\n", h, pairs[h],
      pairs[h] ? heads[h].positions[0] : 0);
  for (uint32_t h = 0; heads && h < shape.kv_heads; h++) {
    free(heads[h].positions);
    free(heads[h].keys);
  }
  free(heads);
  free(pairs);
  kvsnap_close(snapshot);
  return failed;
}
