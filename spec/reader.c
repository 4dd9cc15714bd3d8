// SPDX-License-Identifier: CC0-1.0
// A reader of the container format, version 1, written from format.md and conformance.md alone.
//
//     cc -std=c11 -D_GNU_SOURCE -O2 -o reader reader.c -lzstd -lxxhash -lcrypto -lm
//     ./reader --digests [--compression N] [--key-file KEY]... FILE
//
// It reads all kinds of file at level 2 of conformance.md, and checks the whole file before it
// says anything. A file that breaks a rule ends the program, see fail().

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>
#include <zstd.h>

enum { USAGE = 64, INVALID = 65, MISSING = 66, SYSTEM = 71, LOCKED = 77, OTHER_MODEL = 78 };
enum { MAX_SECTIONS = 64, MAX_TIERS = 64, MAX_LINKS = 1024, MAX_KEY = 65536, TAG = 16 };

typedef struct {
  const uint8_t *at;
  uint64_t left;
  const char *name;  // the section that errors name
} Cursor;

typedef struct {
  char type[5];
  bool known;
  uint64_t offset, length, checksum;
  const uint8_t *plain;  // the bytes, decrypted if need be; set by openSection
  uint64_t plainLength;
} Section;

typedef struct {
  char *path;
  const uint8_t *bytes;
  uint64_t size;
  char kind[5];
  bool encrypted;
  uint8_t dataKey[32];
  uint32_t count;
  Section sections[MAX_SECTIONS];
} File;

typedef struct {
  uint8_t bytes[MAX_KEY + 2];
  size_t length;
} Key;

// What the command line asks for (conformance.md).
static bool wantsDigests;
static uint32_t compression;  // 0: all that is stored
static Key *keys;
static size_t keyCount;
static FILE *output;  // kept in memory until everything is known to be right
static char *outputText;
static size_t outputLength;

// ---------------------------------------------------------------------------------------------
// Errors, memory, numbers

// Ends the program with one sentence that begins with the section's name (conformance.md).
__attribute__((format(printf, 3, 4))) static _Noreturn void fail(
  int code, const char *section, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (char *c = text; *c; c++)
    if ((unsigned char)*c < 32 || *c == 127) *c = '?';
  fprintf(stderr, "%s: %s.\n", section, text);
  exit(code);
}

// Allocates; callers have checked that the file holds what the count promises (section 8).
static void *allocate(uint64_t count, uint64_t width) {
  void *memory = count < (uint64_t)1 << 40 ? calloc(count ? count : 1, width) : NULL;
  if (!memory) fail(SYSTEM, "memory", "there is too little of it");
  return memory;
}

// Section 1: integers are little-endian.
static uint32_t u16At(const uint8_t *p) { return p[0] | (uint32_t)p[1] << 8; }

// Section 1.
static uint32_t u32At(const uint8_t *p) { return u16At(p) | u16At(p + 2) << 16; }

// Section 1.
static uint64_t u64At(const uint8_t *p) { return u32At(p) | (uint64_t)u32At(p + 4) << 32; }

// Section 1: two's complement.
static int32_t i32At(const uint8_t *p) { return (int32_t)u32At(p); }

// Section 1: binary32 with these bits.
static float f32Of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

// Section 1.
static float f32At(const uint8_t *p) { return f32Of(u32At(p)); }

// Section 1.
static double f64At(const uint8_t *p) {
  uint64_t bits = u64At(p);
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

// The bits of a binary32 (section 1).
static uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

// Writes a u32 (section 1).
static void put32(uint8_t *p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> 8 * i);
}

// The checksum of section 1.
static uint64_t checksum(const uint8_t *p, uint64_t length) { return XXH64(p, length, 0); }

// Starts a SHA-256 (section 1).
static EVP_MD_CTX *digestBegin(void) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
    fail(SYSTEM, "memory", "a digest cannot be computed");
  return context;
}

// Ends a SHA-256 and frees its context (section 1).
static void digestEnd(EVP_MD_CTX *context, uint8_t digest[32]) {
  EVP_DigestFinal_ex(context, digest, NULL);
  EVP_MD_CTX_free(context);
}

// Prints a tensor's line (conformance.md), and frees the digest's context.
__attribute__((format(printf, 2, 3))) static void emitDigest(
  EVP_MD_CTX *context, const char *format, ...) {
  uint8_t digest[32];
  digestEnd(context, digest);
  for (int i = 0; i < 32; i++) fprintf(output, "%02x", digest[i]);
  fputs("  ", output);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(output, format, arguments);
  va_end(arguments);
  fputc('\n', output);
}

// Prints the line of a tensor that is there in one piece (conformance.md).
static void emitBytes(const uint8_t *p, uint64_t length, const char *name) {
  EVP_MD_CTX *context = digestBegin();
  EVP_DigestUpdate(context, p, length);
  emitDigest(context, "%s", name);
}

// ---------------------------------------------------------------------------------------------
// Reading a section from its first byte to its last

// Takes bytes of a section, which must not end early (section 2.2).
static const uint8_t *take(Cursor *c, uint64_t length) {
  if (length > c->left) fail(INVALID, c->name, "the section ends early");
  const uint8_t *p = c->at;
  c->at += length;
  c->left -= length;
  return p;
}

// Takes a u32 (section 1).
static uint32_t take32(Cursor *c) { return u32At(take(c, 4)); }

// Takes a u64 (section 1).
static uint64_t take64(Cursor *c) { return u64At(take(c, 8)); }

// Takes a u32 that lies in a range (section 8).
static uint32_t takeIn(Cursor *c, uint32_t least, uint32_t greatest, const char *what) {
  uint32_t value = take32(c);
  if (value < least || value > greatest)
    fail(INVALID, c->name, "the number of %s is %u, not %u to %u", what, value, least, greatest);
  return value;
}

// Takes an i32 that lies in a range (section 11.1).
static int32_t takeSigned(Cursor *c, int32_t limit, const char *what) {
  int32_t value = i32At(take(c, 4));
  if (value < -limit || value > limit)
    fail(INVALID, c->name, "a %s is %d, beyond %d", what, value, limit);
  return value;
}

// Takes reserved bytes, which must be zero (section 1).
static void takeZeros(Cursor *c, uint64_t length) {
  const uint8_t *p = take(c, length);
  for (uint64_t i = 0; i < length; i++)
    if (p[i]) fail(INVALID, c->name, "a reserved field is not zero");
}

// Checks that a section ends where its fields end (section 2.2).
static void takeEnd(const Cursor *c) {
  if (c->left) fail(INVALID, c->name, "the section has bytes after its last field");
}

// Takes f32 numbers from `least` to `greatest`; a comparison with NaN is false, so NaN is rejected.
static const uint8_t *takeFloats(
  Cursor *c, uint64_t count, float least, float greatest, const char *what) {
  const uint8_t *p = take(c, 4 * count);
  for (uint64_t i = 0; i < count; i++) {
    float value = f32At(p + 4 * i);
    if (!(value >= least && value <= greatest))
      fail(INVALID, c->name, "a number of the %s is out of its range", what);
  }
  return p;
}

// Takes f32 numbers that are greater than 0 and at most 2^64 (sections 11.1 and 11.5).
static const uint8_t *takePositive(Cursor *c, uint64_t count, const char *what) {
  const uint8_t *p = take(c, 4 * count);
  for (uint64_t i = 0; i < count; i++) {
    float value = f32At(p + 4 * i);
    if (!(value > 0 && value <= 0x1p64f))
      fail(INVALID, c->name, "a number of the %s is not above 0 and at most 2^64", what);
  }
  return p;
}

// Takes finite f64 numbers, not below `least` (sections 4.2 and 11.6).
static const uint8_t *takeDoubles(Cursor *c, uint64_t count, double least, const char *what) {
  const uint8_t *p = take(c, 8 * count);
  for (uint64_t i = 0; i < count; i++) {
    double value = f64At(p + 8 * i);
    if (!isfinite(value) || value < least)
      fail(INVALID, c->name, "a number of the %s is out of its range", what);
  }
  return p;
}

// Takes the lower triangle of a Gram matrix: finite, its diagonal not negative (section 4.2).
static void takeGram(Cursor *c, uint64_t size) {
  const uint8_t *p = takeDoubles(c, size * (size + 1) / 2, -INFINITY, "Gram matrices");
  uint64_t place = 0;
  for (uint64_t row = 0; row < size; row++) {
    place += row;
    if (f64At(p + 8 * (place + row)) < 0)
      fail(INVALID, c->name, "a diagonal element of a Gram matrix is negative");
  }
}

// Says whether bytes are UTF-8: shortest forms, no surrogates, at most U+10FFFF (section 1).
static bool isUTF8(const uint8_t *p, uint64_t length) {
  static const uint32_t LEAST[5] = {0, 0, 0x80, 0x800, 0x10000};
  for (uint64_t i = 0; i < length;) {
    uint32_t code = p[i];
    unsigned size = code < 0x80 ? 1 : code >> 5 == 6 ? 2 : code >> 4 == 14 ? 3 : 4;
    if (size == 4 && code >> 3 != 30) return false;
    if (size > length - i) return false;
    if (size > 1) code &= 0x7f >> size;
    for (unsigned k = 1; k < size; k++) {
      if (p[i + k] >> 6 != 2) return false;
      code = code << 6 | (p[i + k] & 63);
    }
    if (code < LEAST[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += size;
  }
  return true;
}

// Takes a text (section 1), and says where it is and how long.
static const uint8_t *takeText(Cursor *c, uint32_t *length) {
  *length = take32(c);
  const uint8_t *p = take(c, *length);
  if (!isUTF8(p, *length)) fail(INVALID, c->name, "a text is not UTF-8");
  return p;
}

// Takes the name of another file, which must not lead out of the folder (section 5.7).
static char *takeFileName(Cursor *c) {
  uint32_t length = take32(c);
  if (length < 1 || length > 255) fail(INVALID, c->name, "a file name has 1 to 255 bytes");
  const uint8_t *p = take(c, length);
  if (!isUTF8(p, length)) fail(INVALID, c->name, "a file name is not UTF-8");
  char *name = allocate(length + 1, 1);
  memcpy(name, p, length);
  if (memchr(p, 0, length) || memchr(p, '/', length) || !strcmp(name, ".") || !strcmp(name, ".."))
    fail(INVALID, c->name, "a file name is a path");
  return name;
}

// ---------------------------------------------------------------------------------------------
// Section 2: the container

static const char *const SNAPSHOT[] = {"KEYS", "IDEN", "FILE", "PRNT", "CONT", "SHAP", "SCAL",
  "TOKN", "TIER", "CHNK", "BLKS", "meta", "prov", "DATA", NULL};
static const char *const BANK[] = {
  "IDEN", "FILT", "qual", "seqs", "head", "rope", "line", "meta", "prov", NULL};
static const char *const STATISTICS[] = {
  "IDEN", "STAT", "seqs", "rope", "pair", "meta", "prov", NULL};
static const char *const TRANSFORM[] = {
  "IDEN", "TRAN", "CODE", "BASE", "rope", "mtrc", "meta", "prov", NULL};
static const char *const SUMS[] = {"IDEN", "SUMS", "seqs", "rope", "meta", "prov", NULL};

// The known sections of a kind in their order (section 2.2), or NULL for no known kind.
static const char *const *knownSections(const char *kind) {
  if (!strcmp(kind, "SNAP")) return SNAPSHOT;
  if (!strcmp(kind, "FILT")) return BANK;
  if (!strcmp(kind, "STAT")) return STATISTICS;
  if (!strcmp(kind, "TRAN")) return TRANSFORM;
  if (!strcmp(kind, "TSUM")) return SUMS;
  return NULL;
}

// Says whether a known section may be missing (section 2.2).
static bool isOptional(const char *kind, const char *type) {
  static const char *const OPTIONAL[] = {"KEYS", "FILE", "PRNT", "SHAP", "SCAL", "BLKS", NULL};
  for (int i = 0; OPTIONAL[i]; i++)
    if (!strcmp(type, OPTIONAL[i])) return true;
  if (!strcmp(type, "mtrc")) return false;
  if (!strcmp(type, "rope")) return strcmp(kind, "TRAN") && strcmp(kind, "TSUM");
  if (!strcmp(type, "seqs")) return strcmp(kind, "TSUM");
  return type[0] >= 'a';
}

// A section of a file by its type, or NULL (section 2.2).
static Section *findSection(File *f, const char *type) {
  for (uint32_t i = 0; i < f->count; i++)
    if (!strcmp(f->sections[i].type, type)) return &f->sections[i];
  return NULL;
}

// Opens a regular file and maps it; `section` is who needs it (section 5.7).
static File *mapFile(const char *path, const char *section, const char *what) {
  struct stat status;
  if (stat(path, &status) || !S_ISREG(status.st_mode))
    fail(MISSING, section, "%s %s is not there, or is no regular file", what, path);
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 || fstat(descriptor, &status) || !S_ISREG(status.st_mode))
    fail(MISSING, section, "%s %s cannot be read", what, path);
  File *f = allocate(1, sizeof *f);
  f->path = strdup(path);
  f->size = (uint64_t)status.st_size;
  if (f->size >= 64) {
    f->bytes = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (f->bytes == MAP_FAILED) fail(SYSTEM, "memory", "%s cannot be mapped", path);
  }
  close(descriptor);
  return f;
}

// Checks the header (section 2.1), in the order that it gives.
static void readHeader(File *f) {
  static const uint8_t MAGIC[8] = {0x89, 'K', 'V', 'Q', '\r', '\n', 0x1a, '\n'};
  const char *name = "header";
  const uint8_t *p = f->bytes;
  if (f->size < 64) fail(INVALID, name, "a file has at least 64 bytes");
  if (memcmp(p, MAGIC, 8)) fail(INVALID, name, "the magic is another one");
  if (u64At(p + 56) != checksum(p, 56)) fail(INVALID, name, "the checksum is wrong");
  uint32_t version = u16At(p + 12), oldest = u16At(p + 14);
  if (oldest < 1 || oldest > version) fail(INVALID, name, "the versions are impossible");
  if (oldest > 1) fail(INVALID, name, "the file needs a reader of version %u", oldest);
  memcpy(f->kind, p + 8, 4);
  uint64_t required = u64At(p + 16);
  f->encrypted = required == 1 && !strcmp(f->kind, "SNAP");
  if (required && !f->encrypted) fail(INVALID, name, "the file requires unknown features");
  if (!knownSections(f->kind)) fail(INVALID, name, "the kind is unknown");
  if (u64At(p + 32) != f->size) fail(INVALID, name, "the file has another size");
  f->count = u32At(p + 40);
  if (f->count < 1 || f->count > MAX_SECTIONS) fail(INVALID, name, "there are 1 to 64 sections");
  if (u32At(p + 44)) fail(INVALID, name, "the reserved field is not zero");
}

// Reads the entries of the directory and checks their places (section 2.2).
static void readPlaces(File *f) {
  const char *name = "directory";
  if (f->size < 64 + 32 * (uint64_t)f->count) fail(INVALID, name, "the file ends within it");
  if (u64At(f->bytes + 48) != checksum(f->bytes + 64, 32 * f->count))
    fail(INVALID, name, "the checksum is wrong");
  uint64_t end = 64 + 32 * (uint64_t)f->count;
  for (uint32_t i = 0; i < f->count; i++) {
    const uint8_t *p = f->bytes + 64 + 32 * i;
    Section *s = &f->sections[i];
    for (int k = 0; k < 4; k++)
      if (!((p[k] >= 'A' && p[k] <= 'Z') || (p[k] >= 'a' && p[k] <= 'z')))
        fail(INVALID, name, "a section's type is not four letters");
    memcpy(s->type, p, 4);
    if (u32At(p + 4)) fail(INVALID, name, "a reserved field is not zero");
    s->offset = u64At(p + 8);
    s->length = u64At(p + 16);
    s->checksum = u64At(p + 24);
    if (s->offset != (end + 63) / 64 * 64) fail(INVALID, name, "%s is in another place", s->type);
    if (s->offset > f->size || s->length > f->size - s->offset)
      fail(INVALID, name, "%s ends beyond the file", s->type);
    end = s->offset + s->length;
  }
  if (end != f->size) fail(INVALID, name, "the last section does not end the file");
}

// Checks which sections there are, and their order (section 2.2).
static void readTypes(File *f) {
  const char *const *known = knownSections(f->kind);
  const char *name = "directory";
  int last = -1;
  for (uint32_t i = 0; i < f->count; i++) {
    Section *s = &f->sections[i];
    if (findSection(f, s->type) != s) fail(INVALID, name, "%s is there twice", s->type);
    int place = 0;
    while (known[place] && strcmp(known[place], s->type)) place++;
    s->known = known[place] != NULL;
    if (!s->known && s->type[0] < 'a') fail(INVALID, name, "%s is unknown, and is needed", s->type);
    if (s->known && place <= last) fail(INVALID, name, "%s is out of order", s->type);
    if (s->known) last = place;
    if ((!strcmp(s->type, "DATA") || !strcmp(s->type, "KEYS")) && s->known && s->checksum)
      fail(INVALID, name, "%s has a checksum", s->type);
  }
  for (int i = 0; known[i]; i++)
    if (!isOptional(f->kind, known[i]) && !findSection(f, known[i]))
      fail(INVALID, name, "%s is missing", known[i]);
  if (strcmp(f->kind, "SNAP")) return;
  if (strcmp(f->sections[f->count - 1].type, "DATA")) fail(INVALID, name, "DATA is not last");
  if (f->encrypted != (findSection(f, "KEYS") != NULL))
    fail(INVALID, name, "KEYS is there exactly if the file is encrypted");
  if (f->encrypted && strcmp(f->sections[0].type, "KEYS"))
    fail(INVALID, name, "KEYS is not the first section");
}

// Checks that padding is zero (section 2.2).
static void checkPadding(const File *f) {
  uint64_t at = 64 + 32 * (uint64_t)f->count;
  for (uint32_t i = 0; i < f->count; i++) {
    for (; at < f->sections[i].offset; at++)
      if (f->bytes[at]) fail(INVALID, "padding", "a byte is not zero");
    at = f->sections[i].offset + f->sections[i].length;
  }
}

// ---------------------------------------------------------------------------------------------
// Section 12: encryption

// Decrypts by AES-256-GCM and says whether the tag is right (section 12.1).
static bool decrypt(const uint8_t key[32], const uint8_t nonce[12], const uint8_t *extra,
  uint64_t extraLength, const uint8_t *sealed, uint64_t length, const uint8_t tag[TAG],
  uint8_t *plain) {
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  uint8_t tagCopy[TAG];
  memcpy(tagCopy, tag, TAG);
  int written;
  bool right = context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce)
    && (!extraLength || EVP_DecryptUpdate(context, NULL, &written, extra, (int)extraLength));
  for (uint64_t at = 0; right && at < length;) {
    int piece = length - at < 1 << 30 ? (int)(length - at) : 1 << 30;
    right = EVP_DecryptUpdate(context, plain + at, &written, sealed + at, piece);
    at += (uint64_t)piece;
  }
  uint8_t rest[TAG];
  right = right && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG, tagCopy)
    && EVP_DecryptFinal_ex(context, rest, &written) > 0;
  EVP_CIPHER_CTX_free(context);
  return right;
}

// Checks the checksum of stored bytes, and gives the plain bytes (section 12.1). What is not
// encrypted stays where it is; for what is, memory is allocated that releaseUnit frees.
static const uint8_t *openUnit(const File *f, uint32_t class, uint64_t number, const uint8_t *p,
  uint64_t *length, uint64_t expected, const char *name, const char *what) {
  if (checksum(p, *length) != expected)
    fail(INVALID, name, "%s has another checksum: it was changed", what);
  if (!f->encrypted || !class) return p;
  if (*length < TAG) fail(INVALID, name, "%s is shorter than a tag", what);
  *length -= TAG;
  uint8_t nonce[12], *plain = allocate(*length, 1);
  put32(nonce, class);
  put32(nonce + 4, (uint32_t)number);
  put32(nonce + 8, (uint32_t)(number >> 32));
  if (!decrypt(f->dataKey, nonce, NULL, 0, p, *length, p + *length, plain))
    fail(INVALID, name, "%s is not authentic", what);
  return plain;
}

// Frees what openUnit allocated.
static void releaseUnit(const File *f, const uint8_t *plain) {
  if (f->encrypted) free((void *)(uintptr_t)plain);
}

// Verifies a section and gives a cursor on its plain bytes (sections 2.2 and 12.1).
static Cursor openSection(File *f, Section *s) {
  if (!s->plain) {
    s->plainLength = s->length;
    s->plain = openUnit(f, 1, (uint64_t)(s - f->sections), f->bytes + s->offset, &s->plainLength,
      s->checksum, s->type, "the section");
  }
  return (Cursor){s->plain, s->plainLength, s->type};
}

// Verifies the unknown sections (section 2.2), which conformance.md puts into stage 5.
static void verifyUnknown(File *f) {
  for (uint32_t i = 0; i < f->count; i++) {
    if (f->sections[i].known) continue;
    openSection(f, &f->sections[i]);
    releaseUnit(f, f->sections[i].plain);
    f->sections[i].plain = NULL;
  }
}

// Checks one slot (section 12.2).
static void checkSlot(const uint8_t *slot) {
  Cursor c = {slot, 128, "KEYS"};
  uint32_t kind = take32(&c);
  if (kind == 0) {
    takeZeros(&c, 124);
    return;
  }
  if (u64At(slot + 120) != checksum(slot, 120)) fail(INVALID, "KEYS", "a slot was changed");
  if (kind > 2) return;
  uint64_t cost = take32(&c), r = take32(&c), p = take32(&c);
  if (kind == 1 && (cost || r || p)) fail(INVALID, "KEYS", "the slot of a key file has costs");
  if (kind == 2) {
    if (cost < 10 || cost > 20 || r < 1 || r > 32 || p < 1 || p > 16)
      fail(INVALID, "KEYS", "a cost of scrypt is out of its range");
    if (r << cost > 1 << 21 || (r * p) << cost > 1 << 22 || (r == 1 && cost > 15))
      fail(INVALID, "KEYS", "the costs of scrypt are too great together");
  }
  take(&c, 80);
  takeZeros(&c, 24);
}

// Tries a key on a slot, and says whether the slot opens (section 12.2).
static bool opensSlot(const uint8_t *slot, const Key *key, uint8_t dataKey[32]) {
  static const uint8_t NONCE[12] = {0};
  uint32_t kind = u32At(slot);
  uint8_t slotKey[32];
  if (kind == 1) {
    unsigned size = 32;
    if (key->length < 32 || key->length > MAX_KEY) return false;
    if (!HMAC(EVP_sha256(), slot + 16, 32, key->bytes, key->length, slotKey, &size))
      fail(SYSTEM, "memory", "HMAC cannot be computed");
  } else if (kind == 2) {
    size_t length = key->length;
    if (length && key->bytes[length - 1] == '\n') length--;
    if (length < 1 || length > 1024) return false;
    if (!EVP_PBE_scrypt((const char *)key->bytes, length, slot + 16, 32,
          (uint64_t)1 << u32At(slot + 4), u32At(slot + 8), u32At(slot + 12), 1 << 30, slotKey, 32))
      fail(SYSTEM, "memory", "scrypt cannot be computed");
  } else {
    return false;
  }
  return decrypt(slotKey, NONCE, slot, 48, slot + 48, 32, slot + 80, dataKey);
}

// Checks the slots, finds the data key and checks the seal (sections 12.2 and 12.3).
static void openKeys(File *f) {
  static const uint8_t NONCE[12] = {0};
  Section *s = findSection(f, "KEYS");
  Cursor c = {f->bytes + s->offset, s->length, "KEYS"};
  if (take32(&c) != 1) fail(INVALID, "KEYS", "the cipher is unknown");
  uint32_t count = takeIn(&c, 1, 16, "slots");
  const uint8_t *seal = take(&c, 16);
  takeZeros(&c, 8);
  const uint8_t *slots = take(&c, 128 * (uint64_t)count);
  takeEnd(&c);
  bool empty = true, open = false;
  for (uint32_t i = 0; i < count; i++) {
    checkSlot(slots + 128 * i);
    empty = empty && !u32At(slots + 128 * i);
  }
  if (empty) fail(LOCKED, "KEYS", "all slots are empty, so nobody can read %s", f->path);
  for (uint32_t i = 0; i < count && !open; i++)
    for (size_t k = 0; k < keyCount && !open; k++)
      open = opensSlot(slots + 128 * i, &keys[k], f->dataKey);
  if (!open) fail(LOCKED, "KEYS", "%s is encrypted, and no key that was given opens it", f->path);
  uint8_t nothing;
  if (!decrypt(f->dataKey, NONCE, f->bytes, 64 + 32 * (uint64_t)f->count, NULL, 0, seal, &nothing))
    fail(INVALID, "KEYS", "the seal is not that of header and directory");
}

// Reads header, directory, padding and keys: the beginning of stage 1 of conformance.md. The file
// is of `kind`, unless that is NULL.
static File *openFile(const char *path, const char *section, const char *what, const char *kind) {
  File *f = mapFile(path, section, what);
  readHeader(f);
  if (kind && strcmp(f->kind, kind)) fail(INVALID, "header", "%s is of another kind", path);
  readPlaces(f);
  readTypes(f);
  checkPadding(f);
  if (f->encrypted) openKeys(f);
  return f;
}

// The path of another file in the folder of a file (section 5.7).
static char *siblingPath(const char *path, const char *name) {
  const char *slash = strrchr(path, '/');
  size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
  char *joined = allocate(folder + strlen(name) + 1, 1);
  memcpy(joined, path, folder);
  strcpy(joined + folder, name);
  return joined;
}

// ---------------------------------------------------------------------------------------------
// Section 3: sections of every kind

// Section 3.2: `prov`.
static void readProvenance(Cursor c) {
  if (c.left > 1 << 20) fail(INVALID, c.name, "the section has more than 1 MiB");
  if (!isUTF8(c.at, c.left)) fail(INVALID, c.name, "the section is not UTF-8");
}

// Section 3.4: says whether a name of `meta` is one.
static bool isMetaName(const uint8_t *p, uint32_t length) {
  uint32_t dots = 0;
  if (length < 3 || length > 255) return false;
  for (uint32_t i = 0; i < length; i++) {
    bool letter = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9');
    if (p[i] == '.' && (!i || i == length - 1 || p[i - 1] == '.')) return false;
    if (p[i] == '.') dots++;
    else if (!letter && p[i] != '-' && p[i] != '_') return false;
  }
  return dots;
}

// Section 3.4: `meta`.
static void readMeta(Cursor c) {
  const uint8_t *last = NULL;
  uint32_t lastLength = 0;
  if (c.left > 1 << 20) fail(INVALID, c.name, "the section has more than 1 MiB");
  uint32_t entries = takeIn(&c, 1, 256, "entries");
  for (uint32_t i = 0; i < entries; i++) {
    uint32_t length, valueLength;
    const uint8_t *name = takeText(&c, &length);
    if (!isMetaName(name, length)) fail(INVALID, c.name, "a name is none");
    uint32_t common = length < lastLength ? length : lastLength;
    int order = last ? memcmp(last, name, common) : -1;
    if (order > 0 || (order == 0 && lastLength >= length))
      fail(INVALID, c.name, "names do not ascend");
    takeText(&c, &valueLength);
    last = name;
    lastLength = length;
  }
  takeEnd(&c);
}

// The sections that any kind may have: `meta` and `prov` (sections 3.2 and 3.4).
static void readAncillary(File *f) {
  Section *meta = findSection(f, "meta"), *provenance = findSection(f, "prov");
  if (meta) readMeta(openSection(f, meta));
  if (provenance) readProvenance(openSection(f, provenance));
}

// Section 3.1: `IDEN` of all kinds but snapshots.
static void readPlainIdentity(File *f) {
  Cursor c = openSection(f, findSection(f, "IDEN"));
  take(&c, 128);
  takeEnd(&c);
}

// ---------------------------------------------------------------------------------------------
// Section 4: filter banks and statistics

typedef struct {
  uint32_t layers, heads, key, value;
} Shape;

// Reads a shape (sections 4.7, 4.8, 11.1 and 11.6).
static Shape takeShape(Cursor *c) {
  Shape s;
  s.layers = takeIn(c, 1, 4096, "layers");
  s.heads = takeIn(c, 1, 4096, "KV heads");
  s.key = takeIn(c, 1, 8192, "elements of a key");
  s.value = takeIn(c, 1, 8192, "elements of a value");
  return s;
}

// Section 4.3: `qual`. It returns the number of query heads.
static uint32_t readQuality(Cursor c, Shape s) {
  if (take32(&c) != s.layers) fail(INVALID, c.name, "it has other layers than FILT");
  uint32_t queries = takeIn(&c, 1, 4096, "query heads");
  if (queries % s.heads) fail(INVALID, c.name, "query heads are no multiple of KV heads");
  for (uint64_t i = 0; i < (uint64_t)s.layers * queries; i++) {
    takeFloats(&c, 1, 0, 1, "shares of energy");
    takeFloats(&c, 1, 0, 0x1.fffffep127f, "projections");
    takeFloats(&c, 1, 0, 1, "cosines");
  }
  takeEnd(&c);
  return queries;
}

// Section 4.4: `seqs`. It returns the tokens of all members.
static uint64_t readSequences(Cursor c) {
  take(&c, 32);
  uint32_t count = takeIn(&c, 1, 1 << 24, "sequences");
  uint32_t length = takeIn(&c, 1, 1 << 24, "tokens in a sequence");
  const uint8_t *members = take(&c, (count + 7) / 8);
  takeEnd(&c);
  uint64_t found = 0;
  for (uint32_t i = 0; i < (count + 7) / 8 * 8; i++) {
    if (!(members[i / 8] >> i % 8 & 1)) continue;
    if (i >= count) fail(INVALID, c.name, "a bit after the last sequence's is set");
    found++;
  }
  return found * length;
}

// Section 4.5: `head`.
static void readHeads(Cursor c, Shape s, uint32_t queriesOfQuality) {
  if (take32(&c) != s.layers) fail(INVALID, c.name, "it has other layers than FILT");
  uint32_t queries = takeIn(&c, 1, 4096, "query heads");
  if (queries % s.heads) fail(INVALID, c.name, "query heads are no multiple of KV heads");
  if (queriesOfQuality && queries != queriesOfQuality)
    fail(INVALID, c.name, "it has other query heads than qual");
  takeFloats(&c, (uint64_t)s.layers * queries * s.key, -0x1p64f, 0x1p64f, "filters");
  takeEnd(&c);
}

// Section 4.6: `rope`. It returns the number of planes.
static uint32_t readRoPE(Cursor c, Shape s) {
  if (take32(&c) != s.layers) fail(INVALID, c.name, "it has another number of layers");
  uint32_t planes = takeIn(&c, 0, s.key / 2, "planes");
  take32(&c);
  takeFloats(&c, 1, 0x1p-64f, 0x1p64f, "scale");
  for (uint32_t i = 0; i < s.layers; i++) {
    take32(&c);
    takeFloats(&c, 1, 0x1p-64f, 0x1p64f, "magnitudes");
    takeFloats(&c, planes, 0, 0x1p32f, "frequencies");
  }
  takeEnd(&c);
  return planes;
}

// Reads the shape of `pair` or `line`, and how many numbers a row has (sections 4.7 and 4.8).
static uint64_t takeRow(Cursor *c, Shape expected, Shape *s) {
  *s = takeShape(c);
  if (s->layers != expected.layers || s->heads != expected.heads || s->key != expected.key)
    fail(INVALID, c->name, "its layers, KV heads or key length are other ones");
  uint64_t row = (uint64_t)s->heads * (s->key + s->value + 5) + 4;
  if (row > 65536) fail(INVALID, c->name, "a row has more than 65,536 numbers");
  return row;
}

// Section 4.7: `pair`.
static void readPairs(Cursor c, Shape expected) {
  Shape s;
  uint64_t row = takeRow(&c, expected, &s);
  for (uint32_t i = 0; i < s.layers; i++) takeGram(&c, row);
  takeEnd(&c);
}

// Section 4.8: `line`.
static void readLine(Cursor c, Shape expected) {
  Shape s;
  uint64_t features = takeRow(&c, expected, &s) - expected.heads;
  uint64_t heads = (uint64_t)s.layers * s.heads;
  takeFloats(&c, heads * features, -0x1p64f, 0x1p64f, "weights");
  for (uint64_t i = 0; i < heads; i++) {
    if (!(f64At(takeDoubles(&c, 1, 0, "figures")) <= 0x1p53))
      fail(INVALID, c.name, "more than 2^53 pairs were summed");
    takeFloats(&c, 1, -0x1p64f, 0x1p64f, "means");
    takeFloats(&c, 1, 0, 0x1p64f, "deviations");
    takeFloats(&c, 1, 0, 1, "shares of variance");
    takeZeros(&c, 4);
  }
  takeEnd(&c);
}

// `rope` goes with one other section (section 4).
static void checkRoPEBelongs(const Section *rope, const Section *owner, const char *name) {
  if (owner && !rope) fail(INVALID, "directory", "there is %s, but no rope", name);
  if (rope && !owner) fail(INVALID, "rope", "there is rope, but no %s", name);
}

// A filter bank (section 4).
static void readBank(File *f) {
  Section *quality = findSection(f, "qual"), *sequences = findSection(f, "seqs");
  Section *heads = findSection(f, "head"), *rope = findSection(f, "rope");
  Section *line = findSection(f, "line");
  checkRoPEBelongs(rope, line, "line");
  readPlainIdentity(f);
  Cursor c = openSection(f, findSection(f, "FILT"));
  Shape s = {.layers = takeIn(&c, 1, 4096, "layers"), .value = 1};
  s.heads = takeIn(&c, 1, 4096, "KV heads");
  s.key = takeIn(&c, 1, 8192, "elements of a filter");
  takeZeros(&c, 4);
  uint64_t size = (uint64_t)s.layers * s.heads * s.key;
  const uint8_t *filters = takeFloats(&c, size, -0x1.fffffep127f, 0x1.fffffep127f, "filters");
  takeEnd(&c);
  uint32_t queries = quality ? readQuality(openSection(f, quality), s) : 0;
  if (sequences) readSequences(openSection(f, sequences));
  if (heads) readHeads(openSection(f, heads), s, queries);
  if (line) readLine(openSection(f, line), s);
  if (rope) readRoPE(openSection(f, rope), s);
  readAncillary(f);
  verifyUnknown(f);
  if (wantsDigests) emitBytes(filters, 4 * size, "filters");
  else fprintf(output, "a filter bank of %u layers and %u KV heads\n", s.layers, s.heads);
}

// Calibration statistics (section 4).
static void readStatistics(File *f) {
  Section *sequences = findSection(f, "seqs"), *rope = findSection(f, "rope");
  Section *pairs = findSection(f, "pair");
  checkRoPEBelongs(rope, pairs, "pair");
  readPlainIdentity(f);
  Cursor c = openSection(f, findSection(f, "STAT"));
  Shape s = {.layers = takeIn(&c, 1, 4096, "layers"), .value = 1};
  uint32_t queries = takeIn(&c, 1, 4096, "query heads");
  s.heads = takeIn(&c, 1, 4096, "KV heads");
  s.key = takeIn(&c, 1, 8192, "elements of a query");
  if (queries % s.heads) fail(INVALID, c.name, "query heads are no multiple of KV heads");
  uint64_t tokens = take64(&c), all = (uint64_t)s.layers * queries;
  if (tokens > (uint64_t)1 << 53) fail(INVALID, c.name, "there are more than 2^53 tokens");
  const uint8_t *sums = takeDoubles(&c, all * s.key, -INFINITY, "sums");
  const uint8_t *grams = c.at;
  for (uint64_t i = 0; i < all; i++) takeGram(&c, s.key);
  uint64_t gramBytes = (uint64_t)(c.at - grams);
  takeEnd(&c);
  if (sequences && readSequences(openSection(f, sequences)) != tokens)
    fail(INVALID, "seqs", "the members have another number of tokens than STAT");
  if (pairs) readPairs(openSection(f, pairs), s);
  if (rope) readRoPE(openSection(f, rope), s);
  readAncillary(f);
  verifyUnknown(f);
  if (wantsDigests) {
    emitBytes(sums, 8 * all * s.key, "sums");
    emitBytes(grams, gramBytes, "grams");
  } else {
    fprintf(output, "calibration statistics of %u layers\n", s.layers);
  }
}

// Section 11.6: sums for a transform.
static void readTransformSums(File *f) {
  readPlainIdentity(f);
  Section *section = findSection(f, "SUMS");
  Cursor c = openSection(f, section);
  Shape s = takeShape(&c);
  if (take64(&c) > (uint64_t)1 << 53) fail(INVALID, c.name, "there are more than 2^53 positions");
  if (take64(&c) > (uint64_t)1 << 53) fail(INVALID, c.name, "there are more than 2^53 probes");
  uint64_t heads = (uint64_t)s.layers * s.heads, most = 2048 / (s.key + s.value);
  if (most < 1) most = 1;
  uint64_t groups = (heads + most - 1) / most;
  for (uint64_t i = 0; i < groups; i++) {
    uint64_t count = heads * (i + 1) / groups - heads * i / groups;
    uint64_t size = count * (s.key + s.value);
    takeDoubles(&c, size, -INFINITY, "sums");
    takeGram(&c, size);
  }
  takeDoubles(&c, heads * s.key, 0, "squares of queries");
  takeDoubles(&c, heads * 2, 0, "noise");
  uint64_t triangle = (uint64_t)s.value * (s.value + 1) / 2;
  takeFloats(&c, heads * triangle, -0x1.fffffep127f, 0x1.fffffep127f, "outputs");
  takeEnd(&c);
  readSequences(openSection(f, findSection(f, "seqs")));
  readRoPE(openSection(f, findSection(f, "rope")), s);
  readAncillary(f);
  verifyUnknown(f);
  if (wantsDigests) emitBytes(section->plain, section->plainLength, "sums");
  else fprintf(output, "sums for a transform of %u layers\n", s.layers);
}

// ---------------------------------------------------------------------------------------------
// Section 11: transforms

enum { TABLES = 35, SYMBOLS = 256, SLOTS = 4096, DIGITS = TABLES, LANES = 32 };

typedef struct {
  uint32_t heads, components, length;  // the length is d of section 11.1
  const uint8_t *mean, *scale, *deviations;
  int16_t *basis;  // [components][length]
} Group;

typedef struct {
  char *name;  // by which a snapshot found it
  uint8_t digest[32];
  Shape s;
  int32_t steps[3];
  uint32_t groups, planes;
  Group *group;
  const uint8_t *rope;
  // The tables of section 11.2, and one more for planes of digits.
  uint16_t frequency[TABLES + 1][SYMBOLS], start[TABLES + 1][SYMBOLS];
  uint8_t symbol[TABLES + 1][SLOTS];
} Transform;

// A table of integers that is being decoded (section 11.4).
typedef struct {
  const Transform *transform;
  const char *name;
  uint32_t tokens, states[LANES], words;
  const uint8_t *gains, *word;
} Coder;

// A step or a deviation as a number: 2^(q / 4), as the nearest f32 (section 11.1).
static float stepOf(int32_t q) {
  static const double ROOTS[4] = {1, 0x1.306fe0a31b715p0, 0x1.6a09e667f3bcdp0, 0x1.ae89f995ad3adp0};
  int32_t whole = (q + 400) / 4 - 100;
  return (float)ldexp(ROOTS[q - 4 * whole], whole);
}

// How many planes of digits a component has (section 11.4).
static uint32_t digitsOf(int32_t deviation) {
  return deviation + 16 > 13 ? (uint32_t)(deviation + 16 - 13) / 8 : 0;
}

// Decodes the symbols of a plane: `table` of a token is by its gain and offset, or DIGITS.
static void decodePlane(Coder *c, int32_t table, uint8_t *symbols) {
  const Transform *t = c->transform;
  for (uint32_t i = 0; i < c->tokens; i++) {
    int32_t own = table;
    if (table != DIGITS) {
      own += (c->gains[i] & 15) - 8 + (c->gains[i] >> 4);
      own = own < 0 ? 0 : own > TABLES - 1 ? TABLES - 1 : own;
    }
    uint32_t *x = &c->states[i % LANES], slot = *x % SLOTS;
    uint8_t s = t->symbol[own][slot];
    *x = t->frequency[own][s] * (*x / SLOTS) + slot - t->start[own][s];
    if (*x < 1 << 16) {
      if (!c->words) fail(INVALID, c->name, "a word of a coded table is missing");
      *x = *x << 16 | u16At(c->word);
      c->word += 2;
      c->words--;
    }
    symbols[i] = s;
  }
}

// Decodes all planes of a component to its integers (section 11.4).
static void decodeComponent(Coder *c, int32_t deviation, Cursor *escapes, int16_t *to) {
  uint8_t symbols[SYMBOLS];
  int64_t values[SYMBOLS];
  uint32_t digits = digitsOf(deviation);
  decodePlane(c, deviation + 16 - 8 * (int32_t)digits, symbols);
  for (uint32_t i = 0; i < c->tokens; i++) {
    values[i] = (int64_t)symbols[i] - 128;
    if (symbols[i]) continue;
    if (!escapes->left) fail(INVALID, c->name, "an escape of a coded table is missing");
    values[i] = (int16_t)u16At(take(escapes, 2));
  }
  for (uint32_t d = 0; d < digits; d++) {
    decodePlane(c, DIGITS, symbols);
    for (uint32_t i = 0; i < c->tokens; i++) values[i] = values[i] * 4 + symbols[i];
  }
  for (uint32_t i = 0; i < c->tokens; i++) {
    if (digits) values[i] -= (int64_t)1 << (2 * digits - 1);
    if (values[i] < INT16_MIN || values[i] > INT16_MAX)
      fail(INVALID, c->name, "an integer of a coded table has more than 16 bits");
    to[i] = (int16_t)values[i];
  }
}

// Decodes a table of integers, [rows][tokens], that fills the rest of `c` (section 11.4). The
// deviations are from -16 to 60. It returns where gains and offsets are.
static const uint8_t *decodeIntegers(const Transform *t, Cursor c, uint32_t rows, uint32_t tokens,
  const int8_t *deviations, int16_t *to) {
  uint64_t words = take32(&c), escapes = take32(&c), planes = rows;
  for (uint32_t j = 0; j < rows; j++) planes += digitsOf(deviations[j]);
  if (words > planes * tokens) fail(INVALID, c.name, "a coded table has too many words");
  if (escapes > (uint64_t)rows * tokens)
    fail(INVALID, c.name, "a coded table has too many escapes");
  Coder coder = {.transform = t, .name = c.name, .tokens = tokens, .words = (uint32_t)words};
  for (int i = 0; i < LANES; i++) {
    coder.states[i] = take32(&c);
    if (coder.states[i] < 1 << 16) fail(INVALID, c.name, "a state is less than 2^16");
  }
  coder.gains = take(&c, tokens);
  coder.word = take(&c, 2 * words);
  Cursor numbers = {take(&c, 2 * escapes), 2 * escapes, c.name};
  takeEnd(&c);
  for (uint32_t j = 0; j < rows; j++)
    decodeComponent(&coder, deviations[j], &numbers, to + (uint64_t)j * tokens);
  if (coder.words) fail(INVALID, c.name, "words of a coded table are left");
  if (numbers.left) fail(INVALID, c.name, "escapes of a coded table are left");
  for (int i = 0; i < LANES; i++)
    if (coder.states[i] != 1 << 16) fail(INVALID, c.name, "a state does not end at 2^16");
  return coder.gains;
}

// Section 11.1: `TRAN`.
static void readGroups(Transform *t, Cursor c) {
  t->s = takeShape(&c);
  for (int i = 0; i < 3; i++) t->steps[i] = takeSigned(&c, 200, "step");
  uint32_t heads = t->s.layers * t->s.heads, sum = 0;
  t->groups = takeIn(&c, 1, heads, "groups");
  if (t->groups > c.left / 20) fail(INVALID, c.name, "the section ends early");
  t->group = allocate(t->groups, sizeof *t->group);
  for (uint32_t i = 0; i < t->groups; i++) {
    Group *g = &t->group[i];
    g->heads = takeIn(&c, 1, heads - sum, "heads");
    sum += g->heads;
    uint64_t length = (uint64_t)g->heads * (t->s.key + t->s.value);
    if (length > 65536) fail(INVALID, c.name, "a vector has more than 65,536 elements");
    g->length = (uint32_t)length;
    g->components = takeIn(&c, 1, g->length, "components");
    g->mean = takeFloats(&c, length, -0x1p64f, 0x1p64f, "means");
    g->scale = takePositive(&c, length, "scales");
    g->deviations = c.at;
    int32_t last = 200;
    for (uint32_t j = 0; j < g->components; j++) {
      int32_t deviation = takeSigned(&c, 200, "deviation");
      if (deviation > last) fail(INVALID, c.name, "a deviation is greater than the one before");
      last = deviation;
    }
  }
  takeEnd(&c);
  if (sum != heads) fail(INVALID, c.name, "the heads of the groups do not add up");
}

// Finds the starts and the symbols of a table (section 11.4).
static void prepareTable(Transform *t, uint32_t table) {
  uint32_t start = 0;
  for (uint32_t s = 0; s < SYMBOLS; s++) {
    t->start[table][s] = (uint16_t)start;
    memset(t->symbol[table] + start, (int)s, t->frequency[table][s]);
    start += t->frequency[table][s];
  }
}

// Section 11.2: `CODE`.
static void readTables(Transform *t, Cursor c) {
  for (uint32_t i = 0; i < TABLES; i++) {
    uint32_t sum = 0;
    for (uint32_t s = 0; s < SYMBOLS; s++) {
      uint32_t frequency = u16At(take(&c, 2));
      if (frequency > 4095) fail(INVALID, c.name, "a frequency of table %u is above 4,095", i);
      if (!s && !frequency) fail(INVALID, c.name, "table %u has no escape", i);
      t->frequency[i][s] = (uint16_t)frequency;
      sum += frequency;
    }
    if (sum != SLOTS) fail(INVALID, c.name, "the frequencies of table %u do not add up", i);
    prepareTable(t, i);
  }
  takeEnd(&c);
  for (int s = 0; s < 4; s++) t->frequency[DIGITS][s] = 1024;
  prepareTable(t, DIGITS);
}

// Section 11.2: a run of a group in `BASE`; the first element is `from`.
static void readRun(const Transform *t, Group *g, Cursor *c, uint32_t from) {
  uint32_t run = g->length - from < 256 ? g->length - from : 256;
  const int8_t *deviations = (const int8_t *)take(c, g->components);
  for (uint32_t j = 0; j < g->components; j++)
    if (deviations[j] < -16 || deviations[j] > 60)
      fail(INVALID, c->name, "a deviation is not -16 to 60");
  uint32_t length = take32(c);
  Cursor coded = {take(c, length), length, c->name};
  int16_t *integers = allocate((uint64_t)g->components * run, 2);
  const uint8_t *gains = decodeIntegers(t, coded, g->components, run, deviations, integers);
  for (uint32_t i = 0; i < run; i++)
    if (gains[i] >> 4) fail(INVALID, c->name, "an offset of the basis is not 0");
  for (uint32_t j = 0; j < g->components; j++) {
    int32_t over = i32At(g->deviations + 4 * j) - t->steps[0] + 3;
    int32_t shift = over > 0 ? 4 - over / 4 : 4;
    for (uint32_t i = 0; i < run; i++) {
      int32_t value = integers[(uint64_t)j * run + i] * (shift > 0 ? 1 << shift : 1);
      if (value < INT16_MIN || value > INT16_MAX)
        fail(INVALID, c->name, "an element of the basis has more than 16 bits");
      g->basis[(uint64_t)j * g->length + from + i] = (int16_t)value;
    }
  }
  free(integers);
}

// Section 11.2: `BASE`.
static void readBasis(Transform *t, Cursor c) {
  for (uint32_t i = 0; i < t->groups; i++) {
    Group *g = &t->group[i];
    uint64_t runs = (g->length + 255) / 256;
    if (c.left < runs * (g->components + (uint64_t)4))
      fail(INVALID, c.name, "the section ends early");
    g->basis = allocate((uint64_t)g->components * g->length, 2);
    for (uint32_t from = 0; from < g->length; from += 256) readRun(t, g, &c, from);
  }
  takeEnd(&c);
}

// Section 11.5: `mtrc`.
static void readMetric(Cursor c, Shape s) {
  uint64_t triangle = (uint64_t)s.value * (s.value + 1) / 2;
  for (uint64_t i = 0; i < (uint64_t)s.layers * s.heads; i++) {
    takePositive(&c, s.key, "weights");
    takeFloats(&c, triangle, -0x1p64f, 0x1p64f, "matrices");
  }
  takeEnd(&c);
}

// Section 11: a transform, without its unknown sections.
static Transform *readTransform(File *f) {
  static const char *const DIGESTED[4] = {"TRAN", "CODE", "BASE", "rope"};
  Transform *t = allocate(1, sizeof *t);
  readPlainIdentity(f);
  readGroups(t, openSection(f, findSection(f, "TRAN")));
  readTables(t, openSection(f, findSection(f, "CODE")));
  readBasis(t, openSection(f, findSection(f, "BASE")));
  Cursor rope = openSection(f, findSection(f, "rope"));
  t->rope = rope.at;
  t->planes = readRoPE(rope, t->s);
  readMetric(openSection(f, findSection(f, "mtrc")), t->s);
  readAncillary(f);
  EVP_MD_CTX *context = digestBegin();
  for (int i = 0; i < 4; i++) {
    Section *s = findSection(f, DIGESTED[i]);
    EVP_DigestUpdate(context, s->plain, s->plainLength);
  }
  digestEnd(context, t->digest);
  return t;
}

// A file of kind TRAN, and the lines of its tensors (conformance.md).
static void readTransformFile(File *f) {
  Transform *t = readTransform(f);
  verifyUnknown(f);
  if (!wantsDigests) {
    fprintf(output, "a transform of %u layers, in %u groups\n", t->s.layers, t->groups);
    return;
  }
  for (uint32_t i = 0; i < t->groups; i++) {
    const Group *g = &t->group[i];
    EVP_MD_CTX *context = digestBegin();
    EVP_DigestUpdate(context, g->mean, 4 * (size_t)g->length);
    emitDigest(context, "group%u.mean", i);
    context = digestBegin();
    EVP_DigestUpdate(context, g->scale, 4 * (size_t)g->length);
    emitDigest(context, "group%u.scale", i);
    context = digestBegin();
    for (uint64_t k = 0; k < (uint64_t)g->components * g->length; k++) {
      uint8_t bytes[2] = {(uint8_t)g->basis[k], (uint8_t)((uint16_t)g->basis[k] >> 8)};
      EVP_DigestUpdate(context, bytes, 2);
    }
    emitDigest(context, "group%u.basis", i);
  }
}

// ---------------------------------------------------------------------------------------------
// Section 5: the sections of a snapshot

enum { GAPS = 7, CODED = 8, FP8_E4M3 = 9, FP8_E5M2 = 10, Q8_0 = 11 };
enum { POSITIONS = 0, KEYS = 1, VALUES = 2 };
static const uint32_t PRIVATE = (uint32_t)1 << 31;
static const uint64_t MOST_ELEMENTS = ((uint64_t)1 << 31) - 1;

typedef struct {
  File *f;
  Shape s;
  uint64_t tokens, first, own, end;  // n, F, m of section 5; the end of section 5.7
  uint32_t form, layout, types[3];   // types[KEYS] and types[VALUES]
  uint32_t trust, scorer, tiers, ratios[MAX_TIERS];
  const uint8_t *identity, *ids, *shapes, *floors, *counts, *chunks;
  uint64_t *offsets;  // of the chunks, from the file's first byte; then where the last one ends
  const uint8_t *parentDigest;
  char *parentName;
  const uint8_t *transformDigest, *groupHeads, *blockPositions, *entries;  // BLKS, if it is there
  char *transformName;
  uint32_t groups, blocks;
  Transform *transform;
  uint64_t *blockOffsets;  // of the blocks, likewise, in the order of the entries
  uint8_t *decoded;  // pairs of one group, see decodeGroup
  uint32_t decodedGroup;
} Link;

typedef struct {
  uint32_t tier, layer, tensor, codec, streams;
  uint64_t elements, groups, lengths[34], decoded;
} Chunk;

// How many KV heads a layer has (section 5.9).
static uint32_t headsOf(const Link *k, uint32_t layer) {
  return k->shapes ? u32At(k->shapes + 12 * layer) : k->s.heads;
}

// The length of a layer's keys or values, in elements of section 5.5 (sections 5.5 and 5.9).
static uint32_t lengthOf(const Link *k, uint32_t layer, uint32_t tensor) {
  if (tensor == POSITIONS) return 1;
  uint32_t length = tensor == KEYS ? k->s.key : k->s.value;
  if (k->shapes) length = u32At(k->shapes + 12 * layer + 4 * tensor);
  return k->types[tensor] == Q8_0 ? length / 32 : length;
}

// The bytes of an element (section 5.5).
static uint32_t widthOf(uint32_t codec) {
  static const uint8_t WIDTHS[12] = {0, 4, 4, 2, 2, 5, 5, 4, 0, 1, 1, 34};
  return codec < 12 ? WIDTHS[codec] : 0;
}

// How many pairs a head has in a tier (section 5.3).
static uint32_t countOf(const Link *k, uint32_t tier, uint32_t layer, uint32_t head) {
  return u32At(k->counts + 4 * (((uint64_t)tier * k->s.layers + layer) * k->s.heads + head));
}

// How many pairs a head has in the first tiers (section 5.3).
static uint64_t heldBy(const Link *k, uint32_t tiers, uint32_t layer, uint32_t head) {
  uint64_t sum = 0;
  for (uint32_t t = 0; t < tiers; t++) sum += countOf(k, t, layer, head);
  return sum;
}

// Section 3.1: `IDEN` of a snapshot.
static void readIdentity(Link *k) {
  Cursor c = openSection(k->f, findSection(k->f, "IDEN"));
  k->identity = take(&c, 160);
  k->trust = takeIn(&c, 0, 1, "trust");
  takeZeros(&c, 4);
  takeEnd(&c);
  static const uint8_t ZEROS[32] = {0};
  int zeros = 0;
  for (int i = 0; i < 4; i++) zeros += !memcmp(k->identity + 32 * i, ZEROS, 32);
  if (zeros && zeros < 4) fail(INVALID, "IDEN", "some of the four digests are zeros");
  if (zeros && !findSection(k->f, "FILE"))
    fail(INVALID, "IDEN", "the digests are zeros, and FILE is missing");
}

// Says whether a snapshot has an identity by values (section 3.1).
static bool hasValues(const Link *k) {
  for (int i = 0; i < 32; i++)
    if (k->identity[i]) return true;
  return false;
}

// Section 3.3: `FILE`.
static void readFiles(Cursor c) {
  uint32_t entries = takeIn(&c, 1, 4096, "entries");
  const uint8_t *last = NULL;
  bool weights = false;
  for (uint32_t i = 0; i < entries; i++) {
    const uint8_t *entry = take(&c, 4);
    takeZeros(&c, 4);
    take(&c, 32);
    uint32_t role = u32At(entry);
    if (last && u32At(last) > role) fail(INVALID, c.name, "roles do not ascend");
    if (last && u32At(last) == role && memcmp(last + 8, entry + 8, 32) >= 0)
      fail(INVALID, c.name, "digests of a role do not ascend");
    weights = weights || role == 1;
    last = entry;
  }
  takeEnd(&c);
  if (!weights) fail(INVALID, c.name, "no entry has role 1");
}

// Takes the type of keys or values (section 5.1).
static uint32_t takeType(Cursor *c, uint32_t length, const char *what) {
  uint32_t type = take32(c);
  if (!(type >= 2 && type <= 4) && !(type >= FP8_E4M3 && type <= Q8_0))
    fail(INVALID, c->name, "the %s type is unknown", what);
  if (type == Q8_0 && length % 32)
    fail(INVALID, c->name, "the %s length is no multiple of 32", what);
  return type;
}

// Section 5.1: `CONT`.
static void readContext(Link *k) {
  Cursor c = openSection(k->f, findSection(k->f, "CONT"));
  k->s = takeShape(&c);
  k->tokens = take64(&c);
  if (k->tokens > MOST_ELEMENTS) fail(INVALID, c.name, "there are more than 2^31 - 1 tokens");
  if (take64(&c) != k->tokens) fail(INVALID, c.name, "the next position is another than n");
  k->form = take32(&c);
  k->layout = take32(&c);
  if (k->form > 2 && k->form < PRIVATE) fail(INVALID, c.name, "the prompt form is unknown");
  if (k->layout != 1 && k->layout < PRIVATE) fail(INVALID, c.name, "the key layout is unknown");
  k->types[KEYS] = takeType(&c, k->s.key, "key");
  k->types[VALUES] = takeType(&c, k->s.value, "value");
  takeEnd(&c);
}

// Section 5.7: `PRNT`.
static void readParent(Link *k, Section *section) {
  k->own = k->tokens;
  if (!section) return;
  Cursor c = openSection(k->f, section);
  k->parentDigest = take(&c, 32);
  k->first = take64(&c);
  k->parentName = takeFileName(&c);
  takeEnd(&c);
  if (k->first < 1 || k->first > k->tokens)
    fail(INVALID, c.name, "the first position is not 1 to n");
  k->own = k->tokens - k->first;
}

// Section 5.9: `SHAP`.
static void readShapes(Link *k, Section *section) {
  if (!section) return;
  Cursor c = openSection(k->f, section);
  const uint32_t most[3] = {k->s.heads, k->s.key, k->s.value};
  uint32_t greatest[3] = {0};
  bool alike = true;
  const uint8_t *p = take(&c, 12 * (uint64_t)k->s.layers);
  takeEnd(&c);
  for (uint32_t l = 0; l < k->s.layers; l++) {
    for (int i = 0; i < 3; i++) {
      uint32_t value = u32At(p + 12 * l + 4 * i);
      if (value > most[i]) fail(INVALID, c.name, "a layer has more than CONT says");
      if (i && (value != 0) != (u32At(p + 12 * l) != 0))
        fail(INVALID, c.name, "a layer has a length exactly if it has heads");
      if (i && k->types[i] == Q8_0 && value % 32)
        fail(INVALID, c.name, "a length is no multiple of 32");
      if (value > greatest[i]) greatest[i] = value;
    }
    alike = alike && !memcmp(p, p + 12 * l, 12);
  }
  if (memcmp(greatest, most, sizeof most))
    fail(INVALID, c.name, "a number of CONT is not the greatest of the layers");
  if (alike) fail(INVALID, c.name, "all layers are alike");
  if (findSection(k->f, "BLKS")) fail(INVALID, c.name, "it is there together with BLKS");
  k->shapes = p;
}

// Section 5.10: `SCAL`.
static void readScales(Link *k, Section *section) {
  bool fp8[3] = {false};
  for (int i = KEYS; i <= VALUES; i++) fp8[i] = k->types[i] == FP8_E4M3 || k->types[i] == FP8_E5M2;
  if ((section != NULL) != (fp8[KEYS] || fp8[VALUES]))
    fail(INVALID, "SCAL", "it is there exactly if a type is FP8");
  if (!section) return;
  Cursor c = openSection(k->f, section);
  for (uint32_t l = 0; l < k->s.layers; l++)
    for (uint32_t h = 0; h < k->s.heads; h++)
      for (int i = KEYS; i <= VALUES; i++) {
        float scale = f32At(takePositive(&c, 1, "scales"));
        if ((!fp8[i] || h >= headsOf(k, l)) && scale != 1)
          fail(INVALID, c.name, "a scale is not 1 where it must be");
      }
  takeEnd(&c);
}

// Section 5.3: what a ranking needs, or what pairs that are not ranked may not have.
static void checkScorer(const Link *k, uint32_t sinks, uint32_t window) {
  bool bank = false;
  for (int i = 128; i < 160; i++) bank = bank || k->identity[i];
  bool needed = k->scorer == 1 || k->scorer == 9;
  if (needed && !bank) fail(INVALID, "TIER", "the scorer needs a filter bank");
  if (k->scorer <= 8 && !needed && bank) fail(INVALID, "TIER", "the scorer has no filter bank");
  if (k->scorer) return;
  if (k->tiers != 1 || k->ratios[0] != 1 || sinks || window)
    fail(INVALID, "TIER", "pairs that are not ranked have tiers, sinks or a window");
}

// Section 5.3: `TIER`.
static void readTiers(Link *k) {
  Cursor c = openSection(k->f, findSection(k->f, "TIER"));
  k->scorer = take32(&c);
  uint32_t sinks = take32(&c), window = take32(&c);
  k->tiers = takeIn(&c, 1, MAX_TIERS, "tiers");
  for (uint32_t t = 0; t < k->tiers; t++) {
    k->ratios[t] = takeIn(&c, 1, UINT32_MAX, "a ratio");
    if (t && k->ratios[t] >= k->ratios[t - 1]) fail(INVALID, c.name, "ratios do not decrease");
  }
  uint64_t heads = (uint64_t)k->s.layers * k->s.heads;
  k->floors = take(&c, 4 * heads);
  k->counts = take(&c, 4 * heads * k->tiers);
  takeEnd(&c);
  checkScorer(k, sinks, window);
  for (uint32_t l = 0; l < k->s.layers; l++)
    for (uint32_t h = 0; h < k->s.heads; h++) {
      uint64_t limit = h < headsOf(k, l) ? k->own : 0;
      uint32_t floor = u32At(k->floors + 4 * ((uint64_t)l * k->s.heads + h));
      if (floor > limit || (floor && !k->scorer))
        fail(INVALID, c.name, "a floor of layer %u, head %u is too great", l, h);
      if (heldBy(k, k->tiers, l, h) > limit)
        fail(INVALID, c.name, "layer %u, head %u has more pairs than positions", l, h);
    }
}

// Describes a chunk by the table and the counts (sections 5.4 to 5.6).
static Chunk chunkOf(const Link *k, uint32_t tier, uint32_t layer, uint32_t tensor) {
  Chunk c = {.tier = tier, .layer = layer, .tensor = tensor};
  uint64_t length = lengthOf(k, layer, tensor);
  c.codec = u32At(k->chunks + 24 * (((uint64_t)tier * k->s.layers + layer) * 3 + tensor) + 16);
  for (uint32_t h = 0; h < headsOf(k, layer); h++) {
    uint64_t pairs = countOf(k, tier, layer, h);
    c.elements += pairs * length;
    c.groups += tensor == KEYS ? (pairs + 63) / 64 * length : pairs;
  }
  if (c.elements > MOST_ELEMENTS)
    fail(INVALID, "TIER", "a chunk of tier %u, layer %u has too many elements", tier, layer);
  c.streams = widthOf(c.codec);
  bool quantised = c.codec == 5 || c.codec == 6;
  for (uint32_t i = 0; i < c.streams; i++) {
    c.lengths[i] = quantised && i ? c.groups : c.elements;
    if (c.codec == 6 && !i) c.lengths[i] = (c.elements + 1) / 2;
    c.decoded += c.lengths[i];
  }
  return c;
}

// Checks a chunk's codec (sections 5.3 and 5.4). `whole` says that tiers t - 1 and t are ×2, ×1.
static void checkCodec(const Link *k, const Chunk *c, bool whole) {
  uint32_t first = u32At(k->chunks + 24 * ((uint64_t)c->tier * k->s.layers * 3 + c->tensor) + 16);
  bool plain = c->tensor != POSITIONS && k->types[c->tensor] <= 4;
  bool right = c->tensor == POSITIONS ? c->codec == (whole ? GAPS : 1)
                                      : c->codec == k->types[c->tensor] || c->codec >= PRIVATE
      || (plain && (c->codec == 5 || c->codec == 6 || c->codec == CODED));
  if (!right)
    fail(INVALID, "CHNK", "codec %u is not for tensor %u of tier %u", c->codec, c->tensor, c->tier);
  if (c->codec != first) fail(INVALID, "CHNK", "a tensor of tier %u has several codecs", c->tier);
  bool coded = u32At(k->chunks + 24 + 16) == CODED;
  if (c->tensor != POSITIONS && (c->codec == CODED) != coded)
    fail(INVALID, "CHNK", "some entries have codec 8, and others do not");
}

// Section 5.4: `CHNK`; it finds where each chunk is in DATA.
static void readChunkTable(Link *k) {
  Cursor c = openSection(k->f, findSection(k->f, "CHNK"));
  const Section *data = findSection(k->f, "DATA");
  uint64_t entries = (uint64_t)k->tiers * k->s.layers * 3, index = 0;
  uint64_t extra = k->f->encrypted ? TAG : 0, at = data->offset;
  k->chunks = take(&c, 24 * entries);
  takeEnd(&c);
  k->offsets = allocate(entries + 1, 8);
  for (uint32_t t = 0; t < k->tiers; t++) {
    bool whole = t && k->ratios[t] == 1 && k->ratios[t - 1] == 2;
    for (uint32_t l = 0; l < k->s.layers; l++)
      for (uint32_t tensor = 0; tensor < 3; tensor++, index++) {
        const uint8_t *entry = k->chunks + 24 * index;
        uint64_t stored = u64At(entry);
        Chunk chunk = chunkOf(k, t, l, tensor);
        checkCodec(k, &chunk, whole);
        if (u32At(entry + 20)) fail(INVALID, c.name, "a reserved field is not zero");
        uint64_t tag = chunk.codec == CODED ? 0 : extra, least = 4 * chunk.streams + tag;
        uint64_t most = least + chunk.decoded + (chunk.codec == CODED ? 0 : 8);
        if (stored < least || (stored > most && chunk.codec < PRIVATE))
          fail(INVALID, c.name, "a chunk of tier %u, layer %u has an impossible length", t, l);
        if (stored > k->f->size - at) fail(INVALID, c.name, "the chunks end beyond DATA");
        k->offsets[index] = at;
        at += stored;
      }
  }
  k->offsets[entries] = at;
  if (!findSection(k->f, "BLKS") && at != k->f->size)
    fail(INVALID, c.name, "the chunks do not fill DATA");
}

// Section 5.8: the entries of `BLKS`; it finds where each block is in DATA.
static void readEntries(Link *k, Cursor *c) {
  uint64_t pairBytes =
    (uint64_t)k->s.key * widthOf(k->types[KEYS]) + (uint64_t)k->s.value * widthOf(k->types[VALUES]);
  uint64_t count = (uint64_t)k->groups * k->blocks, extra = k->f->encrypted ? TAG : 0;
  uint64_t at = k->offsets[(uint64_t)k->tiers * k->s.layers * 3];
  k->entries = take(c, 24 * count);
  takeEnd(c);
  k->blockOffsets = allocate(count + 1, 8);
  for (uint64_t i = 0; i < count; i++) {
    const uint8_t *entry = k->entries + 24 * i;
    uint64_t stored = u64At(entry), positions = u32At(k->blockPositions + 4 * (i % k->blocks));
    uint32_t kind = u32At(entry + 16);
    int32_t step = i32At(entry + 20);
    uint64_t elements = u32At(k->groupHeads + 4 * (i / k->blocks)) * positions * pairBytes;
    if (kind > 1) fail(INVALID, c->name, "the kind of a block is unknown");
    if (step < -200 || step > 200 || (!kind && step))
      fail(INVALID, c->name, "the step of a block is out of its range");
    if (kind ? stored < 140 + positions + extra : stored != elements + extra)
      fail(INVALID, c->name, "the length of a block is impossible");
    if (stored > UINT64_MAX - at) fail(INVALID, c->name, "the lengths of the blocks overflow");
    if (stored > k->f->size - at) fail(INVALID, "CHNK", "the blocks end beyond DATA");
    k->blockOffsets[i] = at;
    at += stored;
  }
  if (at != k->f->size) fail(INVALID, "CHNK", "chunks and blocks do not fill DATA");
}

// Section 5.8: `BLKS`.
static void readBlocks(Link *k, Section *section) {
  bool coded = u32At(k->chunks + 24 + 16) == CODED;
  if (coded != (section != NULL))
    fail(INVALID, "BLKS", "it is there exactly if keys and values have codec 8");
  if (!section) return;
  Cursor c = openSection(k->f, section);
  if (k->ratios[k->tiers - 1] != 1) fail(INVALID, "CHNK", "the last ratio of coded pairs is not 1");
  for (uint32_t l = 0; l < k->s.layers; l++)
    for (uint32_t h = 0; h < k->s.heads; h++)
      if (heldBy(k, k->tiers, l, h) != k->own)
        fail(INVALID, "CHNK", "a coded snapshot does not hold all pairs");
  uint64_t heads = (uint64_t)k->s.layers * k->s.heads, sum = 0;
  k->transformDigest = take(&c, 32);
  k->transformName = takeFileName(&c);
  k->groups = takeIn(&c, 1, (uint32_t)heads, "groups");
  k->blocks = takeIn(&c, 0, (uint32_t)k->own, "blocks");
  k->groupHeads = c.at;
  for (uint32_t i = 0; i < k->groups; i++) sum += takeIn(&c, 1, (uint32_t)heads, "heads");
  if (sum != heads) fail(INVALID, c.name, "the heads of the groups do not add up");
  k->blockPositions = c.at;
  sum = 0;
  for (uint32_t i = 0; i < k->blocks; i++) sum += takeIn(&c, 1, 256, "positions");
  if (sum != k->own) fail(INVALID, c.name, "the positions of the blocks do not add up");
  readEntries(k, &c);
}

// Reads all known sections of a snapshot but DATA: stage 1 of conformance.md.
static Link *readLink(const char *path, const char *section, const char *what) {
  Link *k = allocate(1, sizeof *k);
  File *f = k->f = openFile(path, section, what, "SNAP");
  Section *files = findSection(f, "FILE");
  readIdentity(k);
  if (files) readFiles(openSection(f, files));
  readContext(k);
  readParent(k, findSection(f, "PRNT"));
  readShapes(k, findSection(f, "SHAP"));
  readScales(k, findSection(f, "SCAL"));
  Cursor c = openSection(f, findSection(f, "TOKN"));
  k->ids = take(&c, 4 * k->tokens);
  takeEnd(&c);
  readTiers(k);
  readChunkTable(k);
  readBlocks(k, findSection(f, "BLKS"));
  readAncillary(f);
  return k;
}

// ---------------------------------------------------------------------------------------------
// Sections 5.5 and 5.6: chunks

// Checks that bytes are exactly one zstd frame of section 5.5 that decodes to `length` bytes.
static void checkFrame(const uint8_t *p, uint64_t size, uint64_t length) {
  static const uint8_t DICTIONARY[4] = {0, 1, 2, 4}, CONTENT[4] = {0, 2, 4, 8};
  if (length > ((uint64_t)1 << 20) + 64 * size) fail(INVALID, "DATA", "a frame expands too much");
  if (size < 6 || u32At(p) != 0xfd2fb528) fail(INVALID, "DATA", "a stream is no zstd frame");
  bool single = p[4] >> 5 & 1;
  uint32_t dictionaryBytes = DICTIONARY[p[4] & 3], contentBytes = CONTENT[p[4] >> 6];
  if (!contentBytes && single) contentBytes = 1;
  uint64_t at = 5, window = 0, content = 0;
  if (!contentBytes) fail(INVALID, "DATA", "a frame does not record its content size");
  if (size < at + !single + dictionaryBytes + contentBytes)
    fail(INVALID, "DATA", "a frame ends in its header");
  if (!single) {
    uint64_t base = (uint64_t)1 << (10 + (p[at] >> 3));
    window = base + base / 8 * (p[at++] & 7);
  }
  for (uint32_t i = 0; i < dictionaryBytes; i++)
    if (p[at++]) fail(INVALID, "DATA", "a frame needs a dictionary");
  for (uint32_t i = 0; i < contentBytes; i++) content |= (uint64_t)p[at++] << 8 * i;
  if (contentBytes == 2) content += 256;
  if (content != length) fail(INVALID, "DATA", "a frame has another content size");
  if (single) window = content;
  if (window > 1 << 27) fail(INVALID, "DATA", "the window of a frame is too great");
  uint32_t header;
  do {
    if (at + 3 > size) fail(INVALID, "DATA", "a frame ends within its blocks");
    header = u16At(p + at) | (uint32_t)p[at + 2] << 16;
    at += 3;
    uint64_t block = header >> 3;
    if (block > window || block > 1 << 17) fail(INVALID, "DATA", "a block of a frame is too great");
    if ((header >> 1 & 3) == 3) fail(INVALID, "DATA", "a block of a frame is of no type");
    at += (header >> 1 & 3) == 1 ? 1 : block;
  } while (!(header & 1));
  if (at + (p[4] >> 2 & 1) * 4 != size) fail(INVALID, "DATA", "a stream is not exactly one frame");
}

// Decodes the streams of a chunk, one after the other (section 5.5).
static uint8_t *decodeStreams(const Chunk *c, const uint8_t *p, uint64_t stored) {
  bool frames = false;
  uint64_t total = 4 * (uint64_t)c->streams;
  for (uint32_t i = 0; i < c->streams; i++) {
    uint64_t size = u32At(p + 4 * i);
    if (size > c->lengths[i]) fail(INVALID, "DATA", "a stream is longer than its content");
    frames = frames || size != c->lengths[i];
    total += size;
  }
  if (total + (frames ? 8 : 0) != stored)
    fail(INVALID, "DATA", "the streams of a chunk do not add up to it");
  const uint8_t *at = p + 4 * c->streams;
  for (uint32_t i = 0; i < c->streams; at += u32At(p + 4 * i++))
    if (u32At(p + 4 * i) != c->lengths[i]) checkFrame(at, u32At(p + 4 * i), c->lengths[i]);
  uint8_t *decoded = allocate(c->decoded, 1), *to = decoded;
  XXH64_state_t *state = XXH64_createState();
  if (!state) fail(SYSTEM, "memory", "there is too little of it");
  XXH64_reset(state, 0);
  at = p + 4 * c->streams;
  for (uint32_t i = 0; i < c->streams; i++) {
    uint64_t size = u32At(p + 4 * i), length = c->lengths[i];
    if (size == length) memcpy(to, at, size);
    else if (ZSTD_decompress(to, length, at, size) != length)
      fail(INVALID, "DATA", "a frame of tier %u, layer %u is malformed", c->tier, c->layer);
    else XXH64_update(state, to, length);
    at += size;
    to += length;
  }
  if (frames && XXH64_digest(state) != u64At(at))
    fail(INVALID, "DATA", "frames decode to other bytes than their checksum says");
  XXH64_freeState(state);
  return decoded;
}

// Verifies a chunk and decodes its streams (sections 5.4 and 5.5). A chunk of codec 8 or of a
// private codec has none that could be decoded, and gives NULL.
static uint8_t *readChunk(const Link *k, const Chunk *c) {
  static const char *const TENSORS[3] = {"positions", "keys", "values"};
  uint64_t index = ((uint64_t)c->tier * k->s.layers + c->layer) * 3 + c->tensor;
  uint64_t length = k->offsets[index + 1] - k->offsets[index];
  char what[64];
  snprintf(
    what, sizeof what, "the chunk of tier %u, layer %u, %s", c->tier, c->layer, TENSORS[c->tensor]);
  uint32_t class = c->codec == CODED ? 0 : 2;
  const uint8_t *stored = k->f->bytes + k->offsets[index];
  const uint8_t *plain =
    openUnit(k->f, class, index, stored, &length, u64At(k->chunks + 24 * index + 8), "DATA", what);
  uint8_t *decoded = c->streams ? decodeStreams(c, plain, length) : NULL;
  if (class) releaseUnit(k->f, plain);
  return decoded;
}

// The place of each head's first pair of the first tiers in a layer; the last is their sum.
static uint64_t *placesOf(const Link *k, uint32_t layer, uint32_t tiers) {
  uint32_t heads = headsOf(k, layer);
  uint64_t *places = allocate(heads + 1, 8);
  for (uint32_t h = 0; h < heads; h++) places[h + 1] = places[h] + heldBy(k, tiers, layer, h);
  return places;
}

// Decodes the positions of a layer, by head and then in order of tiers (sections 5.3 and 5.5).
static uint32_t *decodePositions(
  const Link *k, uint32_t layer, uint32_t tiers, const uint64_t *places) {
  uint32_t heads = headsOf(k, layer);
  for (uint32_t t = 0; t < tiers; t++) {  // before anything is allocated (section 8)
    Chunk c = chunkOf(k, t, layer, POSITIONS);
    uint64_t index = ((uint64_t)t * k->s.layers + layer) * 3;
    if (c.decoded > ((uint64_t)4 << 20) + 64 * (k->offsets[index + 1] - k->offsets[index]))
      fail(INVALID, "DATA", "the frames of tier %u, layer %u expand too much", t, layer);
  }
  uint32_t *positions = allocate(places[heads], 4);
  for (uint32_t t = 0; t < tiers; t++) {
    Chunk c = chunkOf(k, t, layer, POSITIONS);
    uint8_t *raw = readChunk(k, &c);
    uint64_t from = 0;
    for (uint32_t h = 0; h < heads; h++) {
      uint32_t *to = positions + places[h] + heldBy(k, t, layer, h);
      uint64_t last = 0, pairs = countOf(k, t, layer, h);
      for (uint64_t i = 0; i < pairs; i++, from++) {
        uint64_t position = 0;
        for (int p = 0; p < 4; p++) position |= (uint64_t)raw[p * c.elements + from] << 8 * p;
        if (c.codec == GAPS && i) position += last + 1;
        if (position < k->first || position >= k->tokens)
          fail(INVALID, "DATA", "a position of layer %u, head %u is out of range", layer, h);
        to[i] = (uint32_t)position;
        last = position;
      }
    }
    free(raw);
  }
  return positions;
}

// Checks that the positions of each head are all different (section 5.5).
static void verifyPositions(const Link *k, uint32_t layer) {
  uint64_t *places = placesOf(k, layer, k->tiers);
  uint32_t *positions = decodePositions(k, layer, k->tiers, places);
  uint8_t *seen = allocate(k->own / 8 + 1, 1);
  for (uint32_t h = 0; h < headsOf(k, layer); h++) {
    for (uint64_t i = places[h]; i < places[h + 1]; i++) {
      uint64_t place = positions[i] - k->first;
      if (seen[place / 8] >> place % 8 & 1)
        fail(INVALID, "DATA", "layer %u, head %u has a position twice", layer, h);
      seen[place / 8] |= (uint8_t)(1 << place % 8);
    }
    for (uint64_t i = places[h]; i < places[h + 1]; i++) seen[(positions[i] - k->first) / 8] = 0;
  }
  free(seen);
  free(positions);
  free(places);
}

// Checks the scales, minima and unused codes of a quantised chunk (section 5.6).
static void checkGroups(const Chunk *c, const uint8_t *raw) {
  const uint8_t *high = raw + c->lengths[0] + c->groups;
  for (uint64_t g = 0; g < c->groups; g++) {
    if (high[g] >> 7 || (high[g] & 0x7c) == 0x7c)
      fail(INVALID, "DATA", "a scale of tier %u, layer %u is not finite", c->tier, c->layer);
    if ((high[2 * c->groups + g] & 0x7c) == 0x7c)
      fail(INVALID, "DATA", "a minimum of tier %u, layer %u is not finite", c->tier, c->layer);
  }
  if (c->codec == 6 && c->elements % 2 && raw[c->elements / 2] >> 4)
    fail(INVALID, "DATA", "half a byte that holds no code is not 0");
}

// The number that is nearest to a binary16's bits; it is finite (section 5.6).
static float fromHalf(uint32_t bits) {
  float value = (float)ldexp(bits & 0x3ff, -24);
  uint32_t exponent = bits >> 10 & 31;
  if (exponent) value = (float)ldexp(1024 + (bits & 0x3ff), (int)exponent - 25);
  return bits >> 15 ? -value : value;
}

// The binary16 that is nearest to a number of at most 65504, ties to even (section 5.6).
static uint32_t toHalf(float value) {
  uint32_t bits = bitsOf(value), sign = bits >> 16 & 0x8000;
  float size = fabsf(value);
  if (size < 0x1p-14f) return sign | (uint32_t)rintf(size * 0x1p24f);
  bits &= 0x7fffffff;
  bits += 0xfff + (bits >> 13 & 1);
  return sign | ((bits >> 13) - (112 << 10));
}

// Limits a number and writes it as the nearest element of a type (sections 5.6 and 5.8).
static void putElement(uint8_t *p, uint32_t type, float value) {
  if (!(value <= 65504)) value = 65504;
  if (value < -65504) value = -65504;
  uint32_t bits = bitsOf(value);
  if (type == 2) {
    put32(p, bits);
    return;
  }
  uint32_t element = type == 3 ? toHalf(value) : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  p[0] = (uint8_t)element;
  p[1] = (uint8_t)(element >> 8);
}

typedef struct {
  uint64_t first, group, pairs, length;  // elements and groups before a head; its pairs
  uint32_t type;  // of the elements that are restored
} Part;

// Restores a head's part of a lossless chunk (section 5.5).
static void restorePlanes(const Chunk *c, const uint8_t *raw, Part part, uint8_t *to) {
  for (uint64_t i = 0; i < part.pairs; i++)
    for (uint64_t e = 0; e < part.length; e++) {
      uint64_t place = c->tensor == KEYS ? e * part.pairs + i : i * part.length + e;
      for (uint32_t p = 0; p < c->streams; p++) *to++ = raw[p * c->elements + part.first + place];
    }
}

// Restores a head's part of a quantised chunk (section 5.6).
static void restoreGroups(const Chunk *c, const uint8_t *raw, Part part, uint8_t *to) {
  const uint8_t *scales = raw + c->lengths[0], *minima = scales + 2 * c->groups;
  for (uint64_t i = 0; i < part.pairs; i++)
    for (uint64_t e = 0; e < part.length; e++, to += widthOf(part.type)) {
      uint64_t place = part.first + i * part.length + e;
      uint64_t g = part.group + (c->tensor == KEYS ? i / 64 * part.length + e : i);
      uint32_t code = c->codec == 5 ? raw[place] : raw[place / 2] >> place % 2 * 4 & 15;
      float scale = fromHalf(scales[g] | (uint32_t)scales[c->groups + g] << 8);
      float minimum = fromHalf(minima[g] | (uint32_t)minima[c->groups + g] << 8);
      float product = (float)code * scale;
      putElement(to, part.type, minimum + product);
    }
}

// Decodes the keys or values of a layer, by head and then in order of tiers.
static uint8_t *decodeTensor(
  const Link *k, uint32_t layer, uint32_t tensor, uint32_t tiers, const uint64_t *places) {
  uint64_t length = lengthOf(k, layer, tensor);
  uint64_t pairBytes = length * widthOf(k->types[tensor]);
  uint8_t *pairs = allocate(places[headsOf(k, layer)], pairBytes);
  for (uint32_t t = 0; t < tiers; t++) {
    Chunk c = chunkOf(k, t, layer, tensor);
    uint8_t *raw = readChunk(k, &c);
    Part part = {.length = length, .type = k->types[tensor]};
    for (uint32_t h = 0; h < headsOf(k, layer); h++) {
      uint8_t *to = pairs + pairBytes * (places[h] + heldBy(k, t, layer, h));
      part.pairs = countOf(k, t, layer, h);
      if (c.codec == 5 || c.codec == 6) restoreGroups(&c, raw, part, to);
      else restorePlanes(&c, raw, part, to);
      part.first += part.pairs * length;
      part.group += tensor == KEYS ? (part.pairs + 63) / 64 * length : part.pairs;
    }
    free(raw);
  }
  return pairs;
}

// Opens a block: its checksum, and its tag if it is encrypted (sections 5.8 and 12.1).
static Cursor openBlock(const Link *k, uint64_t index) {
  const uint8_t *entry = k->entries + 24 * index;
  uint64_t length = u64At(entry);
  char what[64];
  snprintf(what, sizeof what, "block %llu of group %llu", (unsigned long long)(index % k->blocks),
    (unsigned long long)(index / k->blocks));
  const uint8_t *plain = openUnit(
    k->f, 3, index, k->f->bytes + k->blockOffsets[index], &length, u64At(entry + 8), "DATA", what);
  return (Cursor){plain, length, "DATA"};
}

// Verifies DATA of a link, and its unknown sections: stage 5 of conformance.md.
static void verifyData(const Link *k) {
  for (uint32_t l = 0; l < k->s.layers; l++) {
    verifyPositions(k, l);
    for (uint32_t t = 0; t < k->tiers; t++)
      for (uint32_t tensor = KEYS; tensor <= VALUES; tensor++) {
        Chunk c = chunkOf(k, t, l, tensor);
        uint8_t *raw = readChunk(k, &c);
        if (c.codec == 5 || c.codec == 6) checkGroups(&c, raw);
        free(raw);
      }
  }
  for (uint64_t i = 0; i < (uint64_t)k->groups * k->blocks; i++)
    releaseUnit(k->f, openBlock(k, i).at);
  verifyUnknown(k->f);
}

// ---------------------------------------------------------------------------------------------
// Sections 5.8 and 11.3: blocks

// Finds the transform of a link, and checks that it fits: stage 7 of conformance.md. `others`
// are links whose transforms were found before.
static void findTransform(Link *k, Link **others, uint32_t count) {
  if (!k->transformName) return;
  for (uint32_t i = 0; i < count && !k->transform; i++)
    if (others[i]->transform && !strcmp(others[i]->transform->name, k->transformName))
      k->transform = others[i]->transform;
  if (!k->transform) {
    char *path = siblingPath(k->f->path, k->transformName);
    File *f = openFile(path, "BLKS", "the transform", "TRAN");
    k->transform = readTransform(f);
    k->transform->name = k->transformName;
    free(path);
  }
  const Transform *t = k->transform;
  if (memcmp(t->digest, k->transformDigest, 32))
    fail(MISSING, "BLKS", "%s is not the transform that is needed", k->transformName);
  if (memcmp(&t->s, &k->s, sizeof t->s)) fail(INVALID, "BLKS", "the transform has another shape");
  bool fits = t->groups == k->groups;
  for (uint32_t i = 0; fits && i < k->groups; i++)
    fits = t->group[i].heads == u32At(k->groupHeads + 4 * i);
  if (!fits) fail(INVALID, "BLKS", "the transform has other groups of heads");
}

// Turns a key before RoPE into one after it (sections 4.6 and 5.8).
static void turnKey(const Transform *t, uint32_t layer, uint32_t position, float *key) {
  const uint8_t *rope = t->rope + 16 + (uint64_t)layer * (8 + 4 * t->planes);
  float magnitude = f32At(rope + 4);
  for (uint32_t i = 0; i < t->planes; i++) {
    float angle = (float)position * f32At(rope + 8 + 4 * i);
    float cosine = (float)cos(angle), sine = (float)sin(angle);
    cosine *= magnitude;
    sine *= magnitude;
    float x = key[i], y = key[i + t->planes];
    float xc = x * cosine, ys = y * sine, yc = y * cosine, xs = x * sine;
    key[i] = xc - ys;
    key[i + t->planes] = yc + xs;
  }
}

typedef struct {
  uint32_t group, head, tokens;  // head is the first of the group
  uint64_t at, positions;  // of the block's first token, less F; of the whole link
  uint8_t *keys, *values;  // of the group, [heads][positions]
  uint64_t keyBytes, valueBytes;  // of one pair
} Place;

// Copies a block of elements (section 5.8).
static void copyElements(const Group *g, Cursor c, const Place *b) {
  for (uint64_t h = 0; h < g->heads; h++) {
    uint64_t first = h * b->positions + b->at;
    uint64_t length = b->tokens * b->keyBytes;
    memcpy(b->keys + first * b->keyBytes, take(&c, length), length);
    length = b->tokens * b->valueBytes;
    memcpy(b->values + first * b->valueBytes, take(&c, length), length);
  }
  takeEnd(&c);
}

// Decodes the factors of a block (section 11.3). It says how many components have one, and
// where gains and offsets are.
static int16_t *decodeFactors(const Transform *t, const Group *g, Cursor c, const Place *b,
  int32_t step, uint32_t *count, const uint8_t **gains) {
  uint32_t finest = takeIn(&c, 0, 15, "the finest offset");
  int8_t *deviations = allocate(g->components, 1);
  uint32_t rows = 0;
  for (; rows < g->components; rows++) {
    int32_t deviation = i32At(g->deviations + 4 * rows);
    if (deviation < step - (int32_t)finest - 8) break;
    deviation = deviation - step < -16 ? -16 : deviation - step;
    if (deviation > 60) fail(INVALID, c.name, "a deviation of a block is greater than 60");
    deviations[rows] = (int8_t)deviation;
  }
  int16_t *factors = allocate((uint64_t)rows * b->tokens, 2);
  *gains = decodeIntegers(t, c, rows, b->tokens, deviations, factors);
  for (uint32_t i = 0; i < b->tokens; i++)
    if ((*gains)[i] >> 4 > finest) fail(INVALID, c.name, "an offset is greater than the finest");
  free(deviations);
  *count = rows;
  return factors;
}

// Writes a vector's keys and values as elements (section 5.8).
static void putVector(const Link *k, const Group *g, const Place *b, uint32_t token, float *x) {
  const Transform *t = k->transform;
  for (uint32_t h = 0; h < g->heads; h++) {
    uint32_t layer = (b->head + h) / k->s.heads;
    uint64_t place = h * b->positions + b->at + token;
    turnKey(t, layer, (uint32_t)(k->first + b->at + token), x);
    uint8_t *to = b->keys + place * b->keyBytes;
    uint32_t width = widthOf(k->types[KEYS]);
    for (uint32_t i = 0; i < k->s.key; i++) putElement(to + i * width, k->types[KEYS], *x++);
    to = b->values + place * b->valueBytes;
    width = widthOf(k->types[VALUES]);
    for (uint32_t i = 0; i < k->s.value; i++) putElement(to + i * width, k->types[VALUES], *x++);
  }
}

// Decodes a coded block (section 11.3).
static void decodeBlock(const Link *k, const Group *g, Cursor c, const Place *b, int32_t step) {
  uint32_t rows;
  const uint8_t *gains;
  int16_t *factors = decodeFactors(k->transform, g, c, b, step, &rows, &gains);
  uint32_t *sums = allocate(g->length, 4);
  float *x = allocate(g->length, 4);
  for (uint32_t token = 0; token < b->tokens; token++) {
    memset(sums, 0, 4 * (size_t)g->length);
    for (uint32_t j = 0; j < rows; j++) {
      int32_t factor = factors[(uint64_t)j * b->tokens + token];
      const int16_t *basis = g->basis + (uint64_t)j * g->length;
      for (uint32_t i = 0; i < g->length; i++) sums[i] += (uint32_t)(factor * basis[i]);
    }
    float unit = stepOf(step - (gains[token] >> 4)) * 0x1p-14f;
    for (uint32_t i = 0; i < g->length; i++) {
      float scale = f32At(g->scale + 4 * i) * unit;
      float product = scale * (float)(int32_t)sums[i];
      x[i] = f32At(g->mean + 4 * i) + product;
    }
    putVector(k, g, b, token, x);
  }
  free(x);
  free(sums);
  free(factors);
}

// Decodes all blocks of a group: the keys of all its heads, then their values (section 5.8).
static void decodeGroup(Link *k, uint32_t group, uint32_t head) {
  const Group *g = &k->transform->group[group];
  Place b = {.group = group, .head = head, .positions = k->own};
  b.keyBytes = (uint64_t)k->s.key * widthOf(k->types[KEYS]);
  b.valueBytes = (uint64_t)k->s.value * widthOf(k->types[VALUES]);
  free(k->decoded);
  b.keys = k->decoded = allocate(g->heads * k->own, b.keyBytes + b.valueBytes);
  b.values = b.keys + g->heads * k->own * b.keyBytes;
  for (uint32_t i = 0; i < k->blocks; i++) {
    uint64_t index = (uint64_t)group * k->blocks + i;
    b.tokens = u32At(k->blockPositions + 4 * i);
    Cursor c = openBlock(k, index);
    if (u32At(k->entries + 24 * index + 16))
      decodeBlock(k, g, c, &b, i32At(k->entries + 24 * index + 20));
    else copyElements(g, c, &b);
    releaseUnit(k->f, c.at);
    b.at += b.tokens;
  }
}

// Finds the keys and values of a head of a transform-coded link; heads are asked for in order.
static void findCoded(Link *k, uint32_t head, const uint8_t *pairs[3]) {
  uint32_t group = 0, first = 0;
  while (head - first >= u32At(k->groupHeads + 4 * group))
    first += u32At(k->groupHeads + 4 * group++);
  if (!k->decoded || k->decodedGroup != group) decodeGroup(k, group, first);
  k->decodedGroup = group;
  uint64_t keyBytes = (uint64_t)k->s.key * widthOf(k->types[KEYS]);
  uint64_t valueBytes = (uint64_t)k->s.value * widthOf(k->types[VALUES]);
  uint64_t heads = u32At(k->groupHeads + 4 * group);
  pairs[KEYS] = k->decoded + (head - first) * k->own * keyBytes;
  pairs[VALUES] = k->decoded + heads * k->own * keyBytes + (head - first) * k->own * valueBytes;
}

// ---------------------------------------------------------------------------------------------
// Section 5.7: chains

// The snapshot digest: of all bytes before DATA, without those of KEYS (section 5.7).
static void snapshotDigest(File *f, uint8_t digest[32]) {
  EVP_MD_CTX *context = digestBegin();
  const Section *hidden = findSection(f, "KEYS"), *data = findSection(f, "DATA");
  uint64_t from = 0;
  if (hidden) {
    EVP_DigestUpdate(context, f->bytes, hidden->offset);
    from = hidden->offset + hidden->length;
  }
  EVP_DigestUpdate(context, f->bytes + from, data->offset - from);
  digestEnd(context, digest);
}

// Finds and reads the parents, from the nearest to the root: stage 2 of conformance.md. The
// links are in this order, too. It returns their number.
static uint32_t readLinks(File *f, Link **links) {
  uint32_t count = 1;
  links[0] = readLink(f->path, "header", "the file");
  while (links[count - 1]->parentName) {
    const Link *child = links[count - 1];
    if (count == MAX_LINKS) fail(INVALID, "PRNT", "the chain has more than 1,024 links");
    char *path = siblingPath(child->f->path, child->parentName);
    Link *parent = readLink(path, "PRNT", "the parent");
    uint8_t digest[32];
    snapshotDigest(parent->f, digest);
    if (memcmp(digest, child->parentDigest, 32))
      fail(INVALID, "PRNT", "%s has another digest than its child names", path);
    links[count++] = parent;
    free(path);
  }
  return count;
}

// Checks the rules of a child and its parent, but identity: stage 3 (section 5.7).
static void checkRules(const Link *child, const Link *parent) {
  if (child->first > parent->tokens)
    fail(INVALID, "PRNT", "the first position is beyond the parent's tokens");
  if (memcmp(child->ids, parent->ids, 4 * child->first))
    fail(INVALID, "TOKN", "the token ids are not the parent's");
  if (memcmp(&child->s, &parent->s, sizeof child->s) || child->layout != parent->layout
    || memcmp(child->types, parent->types, sizeof child->types))
    fail(INVALID, "CONT", "shape, layout or types are not the parent's");
  if ((child->shapes != NULL) != (parent->shapes != NULL)
    || (child->shapes && memcmp(child->shapes, parent->shapes, 12 * (size_t)child->s.layers)))
    fail(INVALID, "SHAP", "the layers' shapes are not the parent's");
  uint32_t form = parent->form == 0 || parent->form >= PRIVATE ? parent->form : 2;
  if (child->form != form) fail(INVALID, "CONT", "the prompt form does not follow the parent's");
  if (parent->trust && !child->trust) fail(INVALID, "IDEN", "trust is not the parent's");
}

// Checks that a child and its parent are of one model: stage 4 (section 5.7).
static void checkModels(const Link *child, const Link *parent) {
  static const char *const NAMES[4] = {"weights", "architecture", "RoPE", "tokenizer"};
  if (hasValues(child) && hasValues(parent)) {
    for (int i = 0; i < 4; i++)
      if (memcmp(child->identity + 32 * i, parent->identity + 32 * i, 32))
        fail(OTHER_MODEL, NAMES[i], "a child and its parent are of different models");
    return;
  }
  if (child->trust) return;
  const Section *a = findSection(child->f, "FILE"), *b = findSection(parent->f, "FILE");
  if (!a || !b || a->plainLength != b->plainLength || memcmp(a->plain, b->plain, a->plainLength))
    fail(OTHER_MODEL, "FILE", "nothing says that a child and its parent are of one model");
}

// How many tiers of a link are needed: those up to the first of a ratio ≤ N (section 5.3).
static uint32_t neededTiers(const Link *k) {
  uint32_t t = 0;
  while (compression && k->ratios[t] > compression) t++;
  return compression ? t + 1 : k->tiers;
}

// Checks that a link holds what was asked for: stage 6 of conformance.md.
static void checkStored(const Link *k) {
  if (!compression) return;
  if (!k->scorer && compression > 1) fail(USAGE, "TIER", "%s is not ranked", k->f->path);
  if (compression < k->ratios[k->tiers - 1])
    fail(USAGE, "TIER", "%s does not hold this compression", k->f->path);
}

// How many pairs of a head are kept (section 5.3).
static uint64_t keptOf(const Link *k, uint32_t layer, uint32_t head) {
  uint32_t tiers = neededTiers(k), t = tiers - 1;
  uint64_t stored = heldBy(k, tiers, layer, head);
  if (!compression || k->ratios[t] == compression) return stored;
  uint64_t floor = u32At(k->floors + 4 * ((uint64_t)layer * k->s.heads + head));
  uint64_t share = floor, before = floor < stored ? floor : stored;
  if (t) {
    share = k->own / k->ratios[t - 1];
    if (share < floor) share = floor;
    before = heldBy(k, t, layer, head);
  }
  uint64_t most = k->own / k->ratios[t], asked = k->own / compression;
  if (most <= share) return stored;
  return before + (stored - before) * (asked > share ? asked - share : 0) / (most - share);
}

// Checks that all codecs that are needed are known: the beginning of stage 7.
static void checkCodecs(const Link *k) {
  for (uint32_t t = 0; t < neededTiers(k); t++)
    for (uint32_t tensor = KEYS; tensor <= VALUES; tensor++)
      if (chunkOf(k, t, 0, tensor).codec >= PRIVATE)
        fail(MISSING, "CHNK", "tier %u is in a private codec", t);
}

// Orders pairs by position.
static int byPosition(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

// Adds what is kept of a head to its three digests, in order of position (section 5.3).
static void addHead(Link *k, uint32_t layer, uint32_t head, uint32_t *positions,
  const uint8_t *pairs[3], EVP_MD_CTX **digests) {
  uint64_t kept = keptOf(k, layer, head);
  uint64_t *order = allocate(kept, 8);
  for (uint64_t i = 0; i < kept; i++) order[i] = (uint64_t)positions[i] << 32 | i;
  qsort(order, kept, 8, byPosition);
  for (uint64_t i = 0; i < kept; i++) {
    uint32_t position = (uint32_t)(order[i] >> 32);
    if (position >= k->end) break;
    uint8_t bytes[4];
    put32(bytes, position);
    EVP_DigestUpdate(digests[POSITIONS], bytes, 4);
    uint64_t place = k->blocks ? position - k->first : (uint32_t)order[i];
    for (uint32_t tensor = KEYS; tensor <= VALUES; tensor++) {
      uint64_t size = (uint64_t)lengthOf(k, layer, tensor) * widthOf(k->types[tensor]);
      EVP_DigestUpdate(digests[tensor], pairs[tensor] + place * size, size);
    }
  }
  free(order);
}

// Adds what is kept of a layer of a link to the digests of its heads.
static void addLayer(Link *k, uint32_t layer, EVP_MD_CTX *(*digests)[3]) {
  uint32_t tiers = neededTiers(k), heads = headsOf(k, layer);
  uint64_t *places = placesOf(k, layer, tiers);
  uint32_t *positions = decodePositions(k, layer, tiers, places);
  uint8_t *all[3] = {NULL, NULL, NULL};
  for (uint32_t tensor = KEYS; tensor <= VALUES && !k->transform; tensor++)
    all[tensor] = decodeTensor(k, layer, tensor, tiers, places);
  for (uint32_t h = 0; h < heads; h++) {
    const uint8_t *pairs[3] = {NULL, NULL, NULL};
    if (k->blocks) findCoded(k, layer * k->s.heads + h, pairs);
    for (uint32_t tensor = KEYS; tensor <= VALUES && !k->transform; tensor++)
      pairs[tensor] =
        all[tensor] + places[h] * lengthOf(k, layer, tensor) * widthOf(k->types[tensor]);
    addHead(k, layer, h, positions + places[h], pairs, digests[h]);
  }
  free(all[KEYS]);
  free(all[VALUES]);
  free(positions);
  free(places);
}

// Prints the lines of a chain's tensors (conformance.md).
static void printPairs(Link **links, uint32_t count) {
  static const char *const TENSORS[3] = {"positions", "keys", "values"};
  emitBytes(links[0]->ids, 4 * links[0]->tokens, "tokens");
  for (uint32_t l = 0; l < links[0]->s.layers; l++) {
    uint32_t heads = headsOf(links[0], l);
    EVP_MD_CTX *(*digests)[3] = allocate(heads, sizeof *digests);
    for (uint32_t h = 0; h < heads; h++)
      for (int i = 0; i < 3; i++) digests[h][i] = digestBegin();
    for (uint32_t i = count; i-- > 0;) addLayer(links[i], l, digests);
    for (uint32_t h = 0; h < heads; h++)
      for (int i = 0; i < 3; i++) emitDigest(digests[h][i], "layer%u.head%u.%s", l, h, TENSORS[i]);
    free(digests);
  }
}

// Reads a snapshot and its whole chain, in the stages of conformance.md.
static void readChain(File *f) {
  Link **links = allocate(MAX_LINKS, sizeof *links);
  uint32_t count = readLinks(f, links);
  for (uint32_t i = 0; i + 1 < count; i++) checkRules(links[i], links[i + 1]);
  for (uint32_t i = 0; i + 1 < count; i++) checkModels(links[i], links[i + 1]);
  for (uint32_t i = 0; i < count; i++) verifyData(links[i]);
  for (uint32_t i = 0; i < count; i++) checkStored(links[i]);
  links[0]->end = links[0]->tokens;
  for (uint32_t i = 1; i < count; i++) {
    links[i]->end = links[i - 1]->end;
    if (links[i - 1]->first < links[i]->end) links[i]->end = links[i - 1]->first;
  }
  if (!wantsDigests) {
    fprintf(output, "a snapshot of %llu tokens in %u layers, of %u links\n",
      (unsigned long long)links[0]->tokens, links[0]->s.layers, count);
    return;
  }
  for (uint32_t i = 0; i < count; i++) checkCodecs(links[i]);
  for (uint32_t i = count; i-- > 0;) findTransform(links[i], links + i + 1, count - i - 1);
  printPairs(links, count);
}

// ---------------------------------------------------------------------------------------------
// The command (conformance.md)

// Reads a key, or the beginning of one that is longer than any key may be (conformance.md).
static void readKey(const char *path, Key *key) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = descriptor < 0 ? -1 : 0;
  while (length >= 0 && key->length < sizeof key->bytes) {
    length = read(descriptor, key->bytes + key->length, sizeof key->bytes - key->length);
    if (length == 0) break;
    if (length > 0) key->length += (size_t)length;
  }
  if (length < 0) fail(MISSING, "KEYS", "the key %s is not there, or cannot be read", path);
  close(descriptor);
}

// Reads N: decimal digits, 1 to 2^32 - 1 (conformance.md).
static uint32_t parseCompression(const char *text) {
  uint64_t value = 0;
  for (const char *c = text; *c; c++) {
    if (*c < '0' || *c > '9') fail(USAGE, "call", "N is not of decimal digits");
    value = value * 10 + (uint64_t)(*c - '0');
    if (value > UINT32_MAX) fail(USAGE, "call", "N is at most 2^32 - 1");
  }
  if (!value) fail(USAGE, "call", "N is at least 1");
  return (uint32_t)value;
}

// Reads the call, then the keys, and returns FILE (conformance.md).
static const char *parseCall(int count, char **words) {
  const char *file = NULL;
  const char **paths = allocate((uint64_t)count, sizeof *paths);
  for (int i = 1; i < count; i++) {
    bool more = i + 1 < count;
    if (!strcmp(words[i], "--digests") && !wantsDigests) wantsDigests = true;
    else if (!strcmp(words[i], "--compression") && more && !compression)
      compression = parseCompression(words[++i]);
    else if (!strcmp(words[i], "--key-file") && more) paths[keyCount++] = words[++i];
    else if (words[i][0] != '-' && words[i][0] && !file && !more) file = words[i];
    else fail(USAGE, "call", "%s is not expected here", words[i]);
  }
  if (!file) fail(USAGE, "call", "reader --digests [--compression N] [--key-file KEY]... FILE");
  keys = allocate(keyCount, sizeof *keys);
  for (size_t i = 0; i < keyCount; i++) readKey(paths[i], &keys[i]);
  free(paths);
  return file;
}

// Reads a file of any kind, and prints what was found when all of it is right.
int main(int count, char **words) {
  const char *path = parseCall(count, words);
  output = open_memstream(&outputText, &outputLength);
  if (!output) fail(SYSTEM, "memory", "there is too little of it");
  File *f = openFile(path, "header", "the file", NULL);
  if (!strcmp(f->kind, "FILT")) readBank(f);
  else if (!strcmp(f->kind, "STAT")) readStatistics(f);
  else if (!strcmp(f->kind, "TSUM")) readTransformSums(f);
  else if (!strcmp(f->kind, "TRAN")) readTransformFile(f);
  else readChain(f);
  fclose(output);
  bool written = fwrite(outputText, 1, outputLength, stdout) == outputLength && !fflush(stdout);
  return written ? 0 : SYSTEM;
}
