// kvsnap: read and write snapshots of KV caches (.kvsnap) from C.
//
// A snapshot is one context's KV cache in a file: token ids, keys and values of all layers, ranked
// so that x8, say, is a prefix of the file. The format is specified in spec/format.md.
//
// Reading, in the order of the calls:
//
//     kvsnap_snapshot *s;
//     if (kvsnap_open("book.kvsnap", NULL, 0, &s)) { puts(kvsnap_message()); return 1; }
//     kvsnap_shape shape;
//     kvsnap_describe(s, &shape);
//     uint64_t pairs[shape.kv_heads];
//     kvsnap_count(s, 0, 8, pairs);                    // what x8 keeps of layer 0, for each head
//     kvsnap_head heads[shape.kv_heads];               // with memory for as many pairs
//     kvsnap_read(s, 0, 1, 8, KVSNAP_F32, heads);
//     kvsnap_close(s);
//
// Writing, likewise:
//
//     kvsnap_new new = {.size = sizeof new, .layers = 30, .kv_heads = 3, .key_length = 64,
//       .value_length = 64, .key_type = KVSNAP_F16, .value_type = KVSNAP_F16, .tokens = ids,
//       .token_count = n, .identity = digests};
//     kvsnap_writer *w;
//     if (kvsnap_create("book.kvsnap", &new, &w)) { puts(kvsnap_message()); return 1; }
//     kvsnap_source heads[3];                          // with n keys and n values each
//     for (int layer = 0; layer < 30; layer++) kvsnap_append(w, heads);
//     kvsnap_finish(w, NULL);                          // the file appears
//     kvsnap_discard(w);                               // frees the writer
//
// - Errors: each function that can fail returns 0, or one of enum kvsnap_status. kvsnap_message()
//   then says in one sentence what was wrong, in the calling thread.
// - Threads: different handles are independent. One snapshot may be read by several threads at a
//   time; it is closed after the last one is done. A writer belongs to one thread at a time.
// - Every file is taken for hostile: what a function returns 0 for was checked, by checksums and by
//   all rules of the format.
// - Numbers are little-endian, as on all machines that the library runs on. Keys are after RoPE, in
//   the half-split layout. Positions count from 0.
// - A wrong pointer or a buffer that is too small cannot be noticed.
//
// Link with -lkvsnap. No other library of the project is needed.
#ifndef KVSNAP_H
#define KVSNAP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What went wrong. The numbers are the exit codes of the command qfilters.
enum kvsnap_status {
  KVSNAP_OK = 0,
  KVSNAP_OTHER = 1,  // a limit, or numbers that cannot be stored
  KVSNAP_USAGE = 64,  // the snapshot does not hold what was asked for, or an argument is wrong
  KVSNAP_MALFORMED = 65,  // a file breaks a rule of the format, or was damaged
  KVSNAP_MISSING = 66,  // a file is not there
  KVSNAP_IO = 74,  // the system could not read or write
  KVSNAP_KEY = 77,  // an encrypted snapshot, and no key that opens it
  KVSNAP_IDENTITY = 78,  // another model, or one that cannot be compared
};

// Types of elements: the codecs of spec/format.md, section 5.5.
enum kvsnap_element {
  KVSNAP_STORED = 0,  // as the snapshot has them
  KVSNAP_F32 = 2,
  KVSNAP_F16 = 3,
  KVSNAP_BF16 = 4,
  KVSNAP_FP8_E4M3 = 9,
  KVSNAP_FP8_E5M2 = 10,
  KVSNAP_Q8_0 = 11,
};

// The last error's sentence in this thread; valid until the next call of a function here. It is
// never NULL.
const char *kvsnap_message(void);

// ---------------------------------------------------------------------------------------------
// Reading

typedef struct kvsnap_snapshot kvsnap_snapshot;

// What opens encrypted snapshots.
typedef struct {
  int is_passphrase;  // 0: the bytes of a key file, 32 to 65,536; 1: a passphrase, 1 to 1,024 bytes
  const void *bytes;
  size_t length;
} kvsnap_key;

// Opens a snapshot and all that it continues, and checks everything but keys and values, which are
// checked as they are read. It takes some milliseconds, and memory for the token ids; a passphrase
// takes a third of a second.
//
// path: a file, or an address that begins with https:// or http://, which needs libcurl.
// keys: what may open encrypted files, in any order; NULL if there are none.
int kvsnap_open(
  const char *path, const kvsnap_key *keys, size_t key_count, kvsnap_snapshot **snapshot);

// Frees a snapshot. NULL is allowed.
void kvsnap_close(kvsnap_snapshot *snapshot);

typedef struct {
  uint32_t layers, kv_heads;  // kv_heads is the greatest, where layers differ
  uint32_t key_length, value_length;  // numbers of a key and of a value, likewise
  uint64_t tokens;  // of the whole context; the next token has this position
  uint32_t key_type, value_type;  // enum kvsnap_element
  uint32_t least_compression;  // the least N that can be read as xN: 1 if all is there
  uint32_t scorer;  // what ranked the pairs (spec/registry.md); 0 for nothing
  uint32_t prompt_form;  // 0 plain text, 1 and 2 conversations (spec/format.md, 5.1)
  uint32_t trusted;  // 1 if somebody vouched for the model, which nothing proved
  uint32_t key_layout;  // 1 after RoPE, half-split; a private number otherwise
} kvsnap_shape;

// Describes a snapshot. It costs nothing.
void kvsnap_describe(const kvsnap_snapshot *snapshot, kvsnap_shape *shape);

typedef struct {
  uint32_t kv_heads, key_length, value_length;
} kvsnap_layer;

// Describes a layer: that of kvsnap_shape, unless layers differ.
void kvsnap_describe_layer(const kvsnap_snapshot *snapshot, uint32_t index, kvsnap_layer *layer);

// The digests that tie the snapshot to its model: weights, architecture, RoPE and tokenizer, 32
// bytes each (spec/format.md, 3.1). KVSNAP_IDENTITY if the snapshot names its model by files alone.
int kvsnap_identity(const kvsnap_snapshot *snapshot, uint8_t digests[128]);

// Copies the token ids, as many as kvsnap_shape.tokens.
void kvsnap_tokens(const kvsnap_snapshot *snapshot, uint32_t *ids);

// How many pairs xN keeps of a layer, for each of kv_heads heads. compression is N, or 0 for all
// that is stored. It reads the positions of the layer.
int kvsnap_count(
  const kvsnap_snapshot *snapshot, uint32_t layer, uint32_t compression, uint64_t *pairs);

// Where a head's pairs go. Any pointer may be NULL: then that is not read.
typedef struct {
  uint32_t *positions;  // [pairs], ascending
  void *keys;  // [pairs][key_length] elements
  void *values;  // [pairs][value_length] elements
} kvsnap_head;

// Reads what xN keeps of some layers into the caller's memory, on all processors.
//
// heads: [layers][kv_heads], with room for what kvsnap_count says.
// element: KVSNAP_STORED, or KVSNAP_F32 to convert.
int kvsnap_read(const kvsnap_snapshot *snapshot, uint32_t first_layer, uint32_t layers,
  uint32_t compression, uint32_t element, const kvsnap_head *heads);

// Reads every byte of a file of any kind of the format and checks it.
int kvsnap_verify(const char *path, const kvsnap_key *keys, size_t key_count);

// ---------------------------------------------------------------------------------------------
// Writing

typedef struct kvsnap_writer kvsnap_writer;

// A file of the model (spec/format.md, 3.3).
typedef struct {
  uint32_t role;  // 1 weights, 2 config.json, 3 tokenizer.json, 4 tokenizer_config.json
  uint8_t digest[32];  // the SHA-256 of the file
} kvsnap_file;

// Whether scores come with the pairs.
enum kvsnap_scores {
  KVSNAP_NO_SCORES = 0,
  KVSNAP_HEAD_SCORES = 1,  // xN keeps 1/N of each head
  KVSNAP_SHARED_SCORES = 2,  // xN keeps 1/N of all pairs: scores of all heads can be compared
};

// Everything of a new snapshot but its pairs. What is zero has no effect.
typedef struct {
  size_t size;  // sizeof(kvsnap_new): later versions have more members
  uint32_t layers, kv_heads, key_length, value_length;
  uint32_t key_type, value_type;  // KVSNAP_F32, KVSNAP_F16 or KVSNAP_BF16
  const uint32_t *tokens;  // [token_count]: the whole context, also what a parent holds
  uint64_t token_count;
  uint32_t prompt_form;  // of a snapshot without a parent: 0 plain text, 1 an open user's turn

  // What the model is: digests as kvsnap_identity gives them, or the files, or both.
  const uint8_t *identity;  // [128], or NULL
  const kvsnap_file *files;  // [file_count], or NULL
  size_t file_count;
  const char *model;  // the model's name, for people; or NULL

  // What ranks the pairs, by the numbers of spec/format.md, 5.3.
  // - 0: nothing. Only the whole cache can be read.
  // - 1: a filter bank of the model, as `qfilters prefill` ranks by one of `qfilters precompute`.
  // - 2, 3, 6, 7: K-norm, Streaming-LLM, KeyDiff, random.
  // - 4, 5, 8, or a private number of 2^31 or more: scores that come with the pairs.
  uint32_t scorer;
  uint32_t scores;  // enum kvsnap_scores
  const char *filters;  // the path of the filter bank, with scorer 1; or NULL

  // How pairs are stored, in the terms of `qfilters prefill --precision` except transform, such as
  // "int8" or "8:int8,int4". NULL stores them without loss.
  const char *precision;

  // A snapshot that the new one continues: only pairs after its tokens are then stored. It stays
  // open until the writer is freed. Both files must be in one folder when the new one is opened.
  const kvsnap_snapshot *parent;

  // What opens the new snapshot. Without keys it is encrypted exactly as its parent is.
  const kvsnap_key *keys;  // [key_count], at most 7; or NULL
  size_t key_count;
} kvsnap_new;

// Begins a snapshot. The file appears at its path with kvsnap_finish, whole, and replaces a
// snapshot that is there; a file of another kind is KVSNAP_USAGE. It copies everything that
// `snapshot` points to but the parent.
int kvsnap_create(const char *path, const kvsnap_new *snapshot, kvsnap_writer **writer);

// Where a head's pairs come from, in order of position: as many as there are tokens, without those
// of the parent.
typedef struct {
  const void *keys;  // [pairs][key_length] elements of key_type
  const void *values;  // [pairs][value_length] elements of value_type
  const float *scores;  // [pairs], finite; NULL with KVSNAP_NO_SCORES
} kvsnap_source;

// Appends the next layer.
//
// It copies the pairs. With scorer 0 it codes and writes them at once, on all processors. With
// others the writer holds a copy of the cache until kvsnap_finish, because xN of every layer comes
// before the rest of any.
//
// heads: [kv_heads]
int kvsnap_append(kvsnap_writer *writer, const kvsnap_source *heads);

// Ranks, codes and writes what is not yet written, on all processors, and makes the file appear,
// durably. If it fails, the path holds what it held before.
//
// bytes: the file's size, or NULL.
int kvsnap_finish(kvsnap_writer *writer, uint64_t *bytes);

// Frees a writer. Before kvsnap_finish it leaves no file. NULL is allowed.
void kvsnap_discard(kvsnap_writer *writer);

// ---------------------------------------------------------------------------------------------
// Filter banks

// A model's filter bank (.qfilt), which has a filter for each layer and KV head. The pairs whose
// keys have the highest products with their filter stay longest.
typedef struct {
  uint32_t layers, kv_heads;
  uint32_t head_length;  // numbers of a key, and so of a filter
  uint8_t identity[128];  // the model's digests, as kvsnap_identity gives them
} kvsnap_filters;

// Reads a filter bank and checks all that ranks pairs, also what it holds apart from its filters.
// kvsnap_verify checks every byte.
//
// values: [layers][kv_heads][head_length], or NULL for the description alone.
// count: how many numbers there is room for. It must be what the bank has.
int kvsnap_read_filters(const char *path, kvsnap_filters *filters, float *values, size_t count);

// Writes a filter bank, whole or not at all, and replaces what is there. It has filters alone, so
// that every head keeps as many pairs as the others.
//
// values: [layers][kv_heads][head_length], finite. Filters of the hub have the opposite sign.
// count: how many numbers they are.
// bytes: the file's size, or NULL.
int kvsnap_write_filters(const char *path, const kvsnap_filters *filters, const float *values,
  size_t count, uint64_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
