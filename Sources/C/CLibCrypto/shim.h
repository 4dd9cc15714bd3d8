#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

/// What scrypt takes. N is a power of two; `memory` is the most that it may use, in bytes.
typedef struct {
  const char *passphrase;
  size_t passphrase_length;
  const unsigned char *salt;
  size_t salt_length;
  uint64_t n, r, p, memory;
} lc_scrypt_input;

/// scrypt; 1 if it could be computed.
static inline int lc_scrypt(lc_scrypt_input in, unsigned char *key, size_t length) {
  return EVP_PBE_scrypt(in.passphrase, in.passphrase_length, in.salt, in.salt_length, in.n, in.r,
    in.p, in.memory, key, length);
}

/// HMAC-SHA-256 of a message into `out` of 32 bytes.
static inline void lc_hmac_sha256(const unsigned char *key, int key_length,
  const unsigned char *message, size_t length, unsigned char *out) {
  HMAC(EVP_sha256(), key, key_length, message, length, out, 0);
}
