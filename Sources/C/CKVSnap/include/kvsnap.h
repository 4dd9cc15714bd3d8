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
  KVSNAP_IDENTITY = 78,  // files of different models
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
} kvsnap_shape;

// Describes a snapshot. It costs nothing.
void kvsnap_describe(const kvsnap_snapshot *snapshot, kvsnap_shape *shape);

typedef struct {
  uint32_t kv_heads, key_length, value_length;
} kvsnap_layer;

// Describes a layer: that of kvsnap_shape, unless layers differ.
void kvsnap_describe_layer(const kvsnap_snapshot *snapshot, uint32_t index, kvsnap_layer *layer);

// The digests that tie the snapshot to its model: weights, architecture, RoPE and tokenizer, 32
// bytes each (spec/format.md, 3.1). KVSNAP_IDENTITY if the snapshot has none of values.
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

#ifdef __cplusplus
}
#endif

#endif
