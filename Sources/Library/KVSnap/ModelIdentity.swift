import CacheFormat

/// What ties a new snapshot to its model (spec, sections 3.1 and 3.3). One of the two is enough.
public struct ModelIdentity: Sendable {
  /// A file of a model.
  public struct File: Sendable {
    /// What it is: 1 weights, 2 `config.json`, 3 `tokenizer.json`, 4 `tokenizer_config.json`.
    public var role: UInt32
    /// [32]: the SHA-256 of the whole file.
    public var digest: [UInt8]

    /// A file with its digest.
    public init(role: UInt32, digest: [UInt8]) { (self.role, self.digest) = (role, digest) }
  }

  let identity: SnapshotIdentity

  /// An identity by values, by files, or both.
  ///
  /// - Parameters:
  ///   - values: [128]: the digests of weights, architecture, RoPE and tokenizer; nil if unknown.
  ///   - files: All files of the model, in any order; empty if unknown.
  /// - Throws: `SnapshotError` of kind `usage` if both are missing, or a digest has another length.
  public init(values: [UInt8]?, files: [File] = []) throws(SnapshotError) {
    let own = values.flatMap(Identity.init(encoded:))
    guard own != nil || values == nil,
      files.allSatisfy({ $0.digest.count == Digest.byteCount })
    else {
      throw SnapshotError(.usage, "an identity has four digests of 32 bytes, and a file has one")
    }
    guard own != nil || files.contains(where: { $0.role == FileIdentity.Role.weights.rawValue })
    else { throw SnapshotError(.usage, "an identity has digests of values or of weight files") }
    identity = SnapshotIdentity(
      values: own,
      files: FileIdentity(
        files.map {
          FileIdentity.Entry(role: FileIdentity.Role(rawValue: $0.role), digest: Digest($0.digest))
        }))
  }
}
