// Writes a snapshot of a small cache, ranked by K-norm, and reads what ×8 keeps of it.
//
//     cc write.c -lkvsnap -o write && ./write small.kvsnap
#include <inttypes.h>
#include <kvsnap.h>
#include <stdio.h>
#include <string.h>

enum { LAYERS = 2, HEADS = 3, LENGTH = 4, TOKENS = 1000 };

static float keys[HEADS][TOKENS][LENGTH], values[HEADS][TOKENS][LENGTH];
static uint32_t tokens[TOKENS];

static int failed(int status) {
  if (status) fprintf(stderr, "%s\n", kvsnap_message());
  return status;
}

static int append(kvsnap_writer *writer, int layer) {
  kvsnap_source heads[HEADS];
  for (int h = 0; h < HEADS; h++) {
    for (int t = 0; t < TOKENS; t++)
      for (int i = 0; i < LENGTH; i++) {
        keys[h][t][i] = (float)((t * 31 + i * 7 + h + layer) % 100) / 50;
        values[h][t][i] = (float)t;
      }
    heads[h] = (kvsnap_source){.keys = keys[h], .values = values[h]};
  }
  return kvsnap_append(writer, heads);
}

int main(int count, char **words) {
  if (count != 2) return fprintf(stderr, "usage: write SNAPSHOT\n"), 64;
  uint8_t identity[128];  // of a real model: what kvsnap_identity gives of one of its snapshots
  memset(identity, 1, sizeof identity);
  for (uint32_t t = 0; t < TOKENS; t++) tokens[t] = t;
  kvsnap_new new = {.size = sizeof new,
    .layers = LAYERS,
    .kv_heads = HEADS,
    .key_length = LENGTH,
    .value_length = LENGTH,
    .key_type = KVSNAP_F32,
    .value_type = KVSNAP_F32,
    .tokens = tokens,
    .token_count = TOKENS,
    .identity = identity,
    .model = "a small cache",
    .scorer = 2};
  kvsnap_writer *writer;
  if (failed(kvsnap_create(words[1], &new, &writer))) return 1;
  int status = 0;
  for (int layer = 0; !status && layer < LAYERS; layer++) status = failed(append(writer, layer));
  uint64_t bytes = 0;
  if (!status) status = failed(kvsnap_finish(writer, &bytes));
  kvsnap_discard(writer);
  kvsnap_snapshot *snapshot;
  if (status || failed(kvsnap_open(words[1], NULL, 0, &snapshot))) return 1;
  uint64_t pairs[HEADS];
  status = failed(kvsnap_count(snapshot, 0, 8, pairs));
  for (int h = 0; !status && h < HEADS; h++) printf("head %d: %" PRIu64 " pairs\n", h, pairs[h]);
  kvsnap_close(snapshot);
  return status || failed(kvsnap_verify(words[1], NULL, 0)) || !bytes;
}
