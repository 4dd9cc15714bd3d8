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
static const char *const BANK[]
    = {"IDEN", "FILT", "qual", "seqs", "head", "rope", "line", "meta", "prov", NULL};
static const char *const STATISTICS[]
    = {"IDEN", "STAT", "seqs", "rope", "pair", "meta", "prov", NULL};
static const char *const TRANSFORM[]
    = {"IDEN", "TRAN", "CODE", "BASE", "rope", "mtrc", "meta", "prov", NULL};
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
    if (!s->known && s->type[0] < 'a')
      fail(INVALID, name, "%s is unknown, and is needed", s->type);
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
  uint32_t kind = takeIn(&c, 0, 2, "a slot's kind");
  if (kind == 0) {
    takeZeros(&c, 124);
    return;
  }
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
  if (u64At(slot + 120) != checksum(slot, 120)) fail(INVALID, "KEYS", "a slot was changed");
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
            (uint64_t)1 << u32At(slot + 4), u32At(slot + 8), u32At(slot + 12), 1 << 30, slotKey,
            32))
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

// Reads header, directory, padding and keys: the beginning of stage 1 of conformance.md.
static File *openFile(const char *path, const char *section, const char *what) {
  File *f = mapFile(path, section, what);
  readHeader(f);
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
  bool dot = false;
  if (length < 3 || length > 255) return false;
  for (uint32_t i = 0; i < length; i++) {
    bool letter = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9');
    if (!letter && p[i] != '.' && p[i] != '-' && p[i] != '_') return false;
    if (p[i] == '.' && i > 0 && i < length - 1) dot = true;
  }
  return dot;
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

// A filter bank (section 4).
static void readBank(File *f) {
  Section *quality = findSection(f, "qual"), *sequences = findSection(f, "seqs");
  Section *heads = findSection(f, "head"), *rope = findSection(f, "rope");
  Section *line = findSection(f, "line");
  if (line && !rope) fail(INVALID, "directory", "there is line, but no rope");
  if (rope && !line) fail(INVALID, "rope", "there is rope, but no line");
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
  if (rope) readRoPE(openSection(f, rope), s);
  if (line) readLine(openSection(f, line), s);
  readAncillary(f);
  verifyUnknown(f);
  if (wantsDigests) emitBytes(filters, 4 * size, "filters");
  else fprintf(output, "a filter bank of %u layers and %u KV heads\n", s.layers, s.heads);
}

// Calibration statistics (section 4).
static void readStatistics(File *f) {
  Section *sequences = findSection(f, "seqs"), *rope = findSection(f, "rope");
  Section *pairs = findSection(f, "pair");
  if (pairs && !rope) fail(INVALID, "directory", "there is pair, but no rope");
  if (rope && !pairs) fail(INVALID, "rope", "there is rope, but no pair");
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
  if (rope) readRoPE(openSection(f, rope), s);
  if (pairs) readPairs(openSection(f, pairs), s);
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
static void readTransformFile(File *f) { (void)f; fail(SYSTEM, "x", "y"); }
static void readChain(File *f) { (void)f; fail(SYSTEM, "x", "y"); }

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
  File *f = openFile(path, "header", "the file");
  if (!strcmp(f->kind, "FILT")) readBank(f);
  else if (!strcmp(f->kind, "STAT")) readStatistics(f);
  else if (!strcmp(f->kind, "TSUM")) readTransformSums(f);
  else if (!strcmp(f->kind, "TRAN")) readTransformFile(f);
  else readChain(f);
  fclose(output);
  bool written = fwrite(outputText, 1, outputLength, stdout) == outputLength && !fflush(stdout);
  return written ? 0 : SYSTEM;
}
