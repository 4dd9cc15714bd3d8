import CacheFormat

/// What opens encrypted snapshots (spec, section 12).
public struct SnapshotKey: Sendable {
  let secret: Secret

  /// The bytes of a key file.
  ///
  /// - Throws: `SnapshotError` of kind `usage` if they are fewer than 32 or more than 65,536.
  public init(keyFile bytes: [UInt8]) throws(SnapshotError) {
    guard let secret = Secret(keyFile: bytes) else {
      throw SnapshotError(.usage, "a key file has 32 to 65,536 bytes, and this has \(bytes.count)")
    }
    self.secret = secret
  }

  /// The bytes of a passphrase, in UTF-8 if it is a text.
  ///
  /// - Throws: `SnapshotError` of kind `usage` if they are none or more than 1,024.
  public init(passphrase bytes: [UInt8]) throws(SnapshotError) {
    guard let secret = Secret(passphrase: bytes) else {
      throw SnapshotError(.usage, "a passphrase has 1 to 1,024 bytes, and this has \(bytes.count)")
    }
    self.secret = secret
  }
}
