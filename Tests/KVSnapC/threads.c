// Reads a snapshot from several threads at once, and writes one in each: for the thread sanitizer.
//
//     threads SNAPSHOT FOLDER
#include <kvsnap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, TOKENS = 200, LENGTH = 4 };

static const char *folder;
static kvsnap_snapshot *shared;
static kvsnap_shape shape;

static int fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, kvsnap_message());
  return 1;
}

// Every layer of the shared snapshot, as floats. The sum of all bytes of positions is the answer.
static int read_all(uint64_t *sum) {
  *sum = 0;
  for (uint32_t layer = 0; layer < shape.layers; layer++) {
    uint64_t pairs[64];
    kvsnap_head heads[64] = {{0}};
    if (shape.kv_heads > 64 || kvsnap_count(shared, layer, 0, pairs)) return fail("count");
    for (uint32_t h = 0; h < shape.kv_heads; h++) {
      heads[h].positions = calloc(pairs[h] + 1, sizeof(uint32_t));
      heads[h].values = calloc(pairs[h] + 1, shape.value_length * sizeof(float));
    }
    if (kvsnap_read(shared, layer, 1, 0, KVSNAP_F32, heads)) return fail("read");
    for (uint32_t h = 0; h < shape.kv_heads; h++) {
      for (uint64_t i = 0; i < pairs[h]; i++) *sum += heads[h].positions[i];
      free(heads[h].positions);
      free(heads[h].values);
    }
  }
  return 0;
}

static int write_own(int number) {
  char path[4096];
  static const uint32_t tokens[TOKENS];
  uint8_t identity[128];
  float numbers[TOKENS][LENGTH];
  memset(numbers, number, sizeof numbers);
  memset(identity, 1, sizeof identity);
  snprintf(path, sizeof path, "%s/%d.kvsnap", folder, number);
  kvsnap_new new = {.size = sizeof new,
    .layers = 1,
    .kv_heads = 1,
    .key_length = LENGTH,
    .value_length = LENGTH,
    .key_type = KVSNAP_F32,
    .value_type = KVSNAP_F32,
    .tokens = tokens,
    .token_count = TOKENS,
    .identity = identity,
    .scorer = 2};
  kvsnap_writer *writer;
  kvsnap_source head = {.keys = numbers, .values = numbers};
  if (kvsnap_create(path, &new, &writer) || kvsnap_append(writer, &head)) return fail("write");
  int failed = kvsnap_finish(writer, NULL) && fail("finish");
  kvsnap_discard(writer);
  return failed || (kvsnap_verify(path, NULL, 0) && fail("verify"));
}

static uint64_t sums[THREADS];

static void *work(void *number) {
  int index = (int)(intptr_t)number;
  // An error of one thread is not seen by another.
  kvsnap_snapshot *none;
  if (!kvsnap_open("/nowhere", NULL, 0, &none) || !strstr(kvsnap_message(), "/nowhere"))
    return (void *)1;
  return (void *)(intptr_t)(read_all(&sums[index]) || write_own(index));
}

int main(int count, char **words) {
  if (count != 3) return 64;
  folder = words[2];
  if (kvsnap_open(words[1], NULL, 0, &shared)) return fail("open");
  kvsnap_describe(shared, &shape);
  pthread_t threads[THREADS];
  int failed = 0;
  for (intptr_t i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)i)) return 1;
  for (int i = 0; i < THREADS; i++) {
    void *result;
    failed |= pthread_join(threads[i], &result) || result || sums[i] != sums[0];
  }
  kvsnap_close(shared);
  return failed;
}
