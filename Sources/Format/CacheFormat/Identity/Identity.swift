public import ByteIO

/// The digests that tie a file to a model (spec, section 3.1). No value means "any".
public struct Identity: Equatable, Sendable {
  /// The digest of the weights that the forward pass uses, dequantised.
  public var weights: Digest
  /// The digest of the architecture's name and sizes.
  public var architecture: Digest
  /// The digest of the rotary embedding's parameters.
  public var rope: Digest
  /// The digest of the tokenizer's canonical bytes.
  public var tokenizer: Digest

  /// The length of the section `IDEN` in bytes, without a snapshot's filter bank digest.
  public static let byteCount = 4 * Digest.byteCount

  /// An identity of four digests.
  public init(weights: Digest, architecture: Digest, rope: Digest, tokenizer: Digest) {
    self.weights = weights
    self.architecture = architecture
    self.rope = rope
    self.tokenizer = tokenizer
  }

  /// The identity whose bytes `encoded` gave; nil for another number of bytes.
  package init?(encoded bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let digests = stride(from: 0, to: bytes.count, by: Digest.byteCount).map {
      Digest(Array(bytes[$0..<$0 + Digest.byteCount]))
    }
    self.init(
      weights: digests[0], architecture: digests[1], rope: digests[2], tokenizer: digests[3])
  }

  /// Rejects any other model.
  ///
  /// - Parameters:
  ///   - model: The identity of the model that uses the file.
  ///   - path: The file, for the message.
  /// - Throws: `IdentityMismatch` that names each differing digest.
  public func check(against model: Identity, path: String) throws(IdentityMismatch) {
    var differing: [IdentityMismatch.Part] = []
    if weights != model.weights { differing.append(.weights) }
    if architecture != model.architecture { differing.append(.architecture) }
    if rope != model.rope { differing.append(.rope) }
    if tokenizer != model.tokenizer { differing.append(.tokenizer) }
    guard differing.isEmpty else { throw IdentityMismatch(path: path, differing: differing) }
  }

  /// The bytes of the section `IDEN` of a filter bank or of calibration statistics.
  public var encoded: [UInt8] {
    weights.bytes + architecture.bytes + rope.bytes + tokenizer.bytes
  }

  /// Reads the section `IDEN` of a filter bank or of calibration statistics: 128 bytes.
  ///
  /// - Throws: `MalformedFile` if it has another length.
  public init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    try self.init(&reader)
    try reader.expectEnd()
  }

  init(_ reader: inout ByteReader) throws(MalformedFile) {
    weights = Digest(try reader.readBytes(Digest.byteCount))
    architecture = Digest(try reader.readBytes(Digest.byteCount))
    rope = Digest(try reader.readBytes(Digest.byteCount))
    tokenizer = Digest(try reader.readBytes(Digest.byteCount))
  }
}
