import CLibCrypto

/// AES-256-GCM with nonces of 12 bytes and tags of 16. Source: NIST SP 800-38D; libcrypto computes
/// it.
public enum AES256GCM {
  /// The length of a key in bytes.
  public static let keyByteCount = 32
  /// The length of a nonce in bytes.
  public static let nonceByteCount = 12
  /// The length of a tag in bytes.
  public static let tagByteCount = 16

  /// Encrypts a message. A nonce may be used once with a key.
  ///
  /// - Parameter additional: Bytes that are proven and not encrypted.
  /// - Returns: The ciphertext, then the tag.
  public static func seal(
    _ message: [UInt8], key: [UInt8], nonce: [UInt8], additional: [UInt8] = []
  ) -> [UInt8] {
    let context = Context(key: key, nonce: nonce, encrypts: true)
    context.add(additional)
    let count = message.count
    return unsafe [UInt8](unsafeUninitializedCapacity: count + tagByteCount) { buffer, filled in
      unsafe message.withUnsafeBufferPointer { message in
        unsafe context.update(message.baseAddress, count: count, into: buffer.baseAddress)
      }
      let tag = unsafe buffer.baseAddress.map { unsafe $0 + count }
      unsafe context.finishSealing(tag)
      filled = count + tagByteCount
    }
  }

  /// Decrypts a sealed message where it is.
  ///
  /// - Parameters:
  ///   - bytes: The ciphertext and its tag first, then anything.
  ///   - count: The length of both together. The message is then the first `count` − 16 bytes.
  /// - Returns: Whether key, nonce and all bytes are those that it was sealed with. Otherwise the
  ///   first `count` bytes become zeros.
  public static func open(
    _ bytes: inout [UInt8], count: Int, key: [UInt8], nonce: [UInt8], additional: [UInt8] = []
  ) -> Bool {
    guard count >= tagByteCount, count <= bytes.count else { return false }
    let context = Context(key: key, nonce: nonce, encrypts: false)
    context.add(additional)
    let length = count - tagByteCount
    return unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      unsafe context.update(base, count: length, into: base)
      if unsafe context.finishOpening(base + length) { return true }
      unsafe buffer[..<count].update(repeating: 0)
      return false
    }
  }
}

/// One use of the cipher.
@safe private struct Context: ~Copyable {
  private let context: OpaquePointer?

  init(key: [UInt8], nonce: [UInt8], encrypts: Bool) {
    precondition(
      key.count == AES256GCM.keyByteCount && nonce.count == AES256GCM.nonceByteCount,
      "a key or nonce of another length")
    unsafe context = EVP_CIPHER_CTX_new()
    let isReady = unsafe EVP_CipherInit(
      context, EVP_aes_256_gcm(), key, nonce, encrypts ? 1 : 0)
    precondition(isReady == 1, "out of memory")
  }

  deinit { unsafe EVP_CIPHER_CTX_free(context) }

  func add(_ additional: [UInt8]) {
    var written: Int32 = 0
    unsafe _ = EVP_CipherUpdate(context, nil, &written, additional, Int32(additional.count))
  }

  /// Encrypts or decrypts `count` bytes, which may be more than libcrypto takes at once.
  func update(
    _ source: UnsafePointer<UInt8>?, count: Int, into target: UnsafeMutablePointer<UInt8>?
  ) {
    guard let source = unsafe source, let target = unsafe target else { return }
    var start = 0
    while start < count {
      let part = min(count - start, 1 << 30)
      var written: Int32 = 0
      unsafe _ = EVP_CipherUpdate(
        context, target + start, &written, source + start, Int32(part))
      start += part
    }
  }

  func finishSealing(_ tag: UnsafeMutablePointer<UInt8>?) {
    var written: Int32 = 0
    unsafe _ = EVP_CipherFinal_ex(context, tag, &written)
    unsafe _ = EVP_CIPHER_CTX_ctrl(
      context, EVP_CTRL_AEAD_GET_TAG, Int32(AES256GCM.tagByteCount), tag)
  }

  func finishOpening(_ tag: UnsafeMutablePointer<UInt8>) -> Bool {
    unsafe _ = EVP_CIPHER_CTX_ctrl(
      context, EVP_CTRL_AEAD_SET_TAG, Int32(AES256GCM.tagByteCount), tag)
    var (written, rest): (Int32, UInt8) = (0, 0)
    return unsafe EVP_CipherFinal_ex(context, &rest, &written) == 1
  }
}
