// Prints what x8 keeps of a snapshot's first layer: cc read.c -lkvsnap -o read && ./read
// book.kvsnap
#include <kvsnap.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  kvsnap_snapshot *snapshot;
  kvsnap_shape shape;
  int failed = kvsnap_open(count == 2 ? words[1] : "", NULL, 0, &snapshot);
  if (failed) return fprintf(stderr, "%s\n", kvsnap_message()), failed;
  kvsnap_describe(snapshot, &shape);
  uint64_t *pairs = calloc(shape.kv_heads, sizeof *pairs);
  kvsnap_head *heads = calloc(shape.kv_heads, sizeof *heads);
  failed = !pairs || !heads || kvsnap_count(snapshot, 0, 8, pairs);
  for (uint32_t h = 0; !failed && h < shape.kv_heads; h++) {
    heads[h].positions = calloc(pairs[h] + 1, sizeof(uint32_t));
    heads[h].keys = calloc(pairs[h] + 1, shape.key_length * sizeof(float));
  }
  if (failed || (failed = kvsnap_read(snapshot, 0, 1, 8, KVSNAP_F32, heads)))
    fprintf(stderr, "%s\n", kvsnap_message());
  for (uint32_t h = 0; heads && h < shape.kv_heads; h++) {
    if (!failed) printf("head %u: %u pairs: [", h, (unsigned)pairs[h]);
    for (uint64_t i = 0; !failed && i < pairs[h] && i < 4; i++)
      printf(i ? ", %u" : "%u", heads[h].positions[i]);
    if (!failed) puts("] …");
    free(heads[h].positions);
    free(heads[h].keys);
  }
  free(heads);
  free(pairs);
  kvsnap_close(snapshot);
  return failed;
}
