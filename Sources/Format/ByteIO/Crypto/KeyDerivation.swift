import CLibCrypto

/// Keys from other secrets, and random ones. libcrypto computes them.
public enum KeyDerivation {
  /// The cost of scrypt.
  public struct Cost: Sendable, Equatable {
    /// The binary logarithm of N.
    public var log2N: Int
    /// The block size.
    public var r: Int
    /// The parallelism.
    public var p: Int

    /// A cost.
    public init(log2N: Int, r: Int, p: Int) { (self.log2N, self.r, self.p) = (log2N, r, p) }

    /// The memory that scrypt needs, in bytes; the greatest number if it has no number.
    public var bytes: Int {
      guard 0..<32 ~= log2N, 0..<65536 ~= r else { return .max }
      return 128 * r << log2N
    }
  }

  /// HMAC-SHA-256 of a secret, with a salt as key (HKDF-Extract, RFC 5869).
  public static func extract(_ secret: [UInt8], salt: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
      unsafe lc_hmac_sha256(
        salt, Int32(salt.count), secret, secret.count, buffer.baseAddress)
      count = SHA256.byteCount
    }
  }

  /// 32 bytes by scrypt (RFC 7914) from a passphrase; nil if the cost is impossible or memory is
  /// missing.
  public static func scrypt(_ passphrase: [UInt8], salt: [UInt8], cost: Cost) -> [UInt8]? {
    var key = [UInt8](repeating: 0, count: AES256GCM.keyByteCount)
    // libcrypto counts a little more than the memory of the blocks.
    let limit = UInt64(clamping: cost.bytes) + 128 * UInt64(cost.r * cost.p + 64)
    let isDone = unsafe passphrase.withUnsafeBytes { secret in
      unsafe salt.withUnsafeBufferPointer { salt in
        let input = unsafe lc_scrypt_input(
          passphrase: secret.baseAddress?.assumingMemoryBound(to: CChar.self),
          passphrase_length: secret.count, salt: salt.baseAddress, salt_length: salt.count,
          n: UInt64(1) << UInt64(cost.log2N), r: UInt64(cost.r), p: UInt64(cost.p), memory: limit)
        return unsafe lc_scrypt(input, &key, key.count)
      }
    }
    return isDone == 1 ? key : nil
  }

  /// Bytes that nobody can predict.
  public static func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe precondition(RAND_bytes(&bytes, Int32(count)) == 1, "no source of random bytes")
    return bytes
  }
}
