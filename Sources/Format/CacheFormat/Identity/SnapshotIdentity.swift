public import ByteIO

/// What ties a snapshot to a model: an identity by values, one by files, or both (spec, sections
/// 3.1 and 3.3).
public struct SnapshotIdentity: Sendable, Equatable {
  /// The digests of the model's values.
  public var values: Identity?
  /// The digests of the model's files.
  public var files: FileIdentity?
  /// Whether somebody vouched for the model of some pairs, which no digest proved.
  public var isTrusted: Bool

  /// An identity. `SnapshotMetadata.check` rejects one that proves nothing.
  public init(values: Identity?, files: FileIdentity? = nil, isTrusted: Bool = false) {
    (self.values, self.files, self.isTrusted) = (values, files, isTrusted)
  }

  /// What proved that a snapshot is a model's.
  public enum Proof: String, Sendable {
    /// The model's values have the snapshot's digests.
    case values
    /// The model's files have the snapshot's digests.
    case files
    /// Nothing: the user vouched for it.
    case trust
  }

  /// What proves that the snapshot is a model's. The files are asked first, because their digests
  /// cost less.
  ///
  /// - Parameters:
  ///   - files: The identity of the model's files, if they are known.
  ///   - values: The identity of its values; nil if they have none.
  ///   - path: The snapshot, for the message.
  /// - Returns: Nil if nothing proves it.
  /// - Throws: `IdentityMismatch` that names each differing digest.
  public func proof(
    files: () -> FileIdentity?, values: () -> Identity?, path: String
  ) throws(IdentityMismatch) -> Proof? {
    if let own = self.files, own == files() { return .files }
    guard let own = self.values, let model = values() else { return nil }
    try own.check(against: model, path: path)
    return .values
  }

  /// The identity by values, which filter banks and transforms are compared with.
  ///
  /// - Parameters:
  ///   - path: The bank or transform, for the message.
  ///   - snapshot: The snapshot, for the message.
  /// - Throws: `IdentityNotProven` if the snapshot has none.
  package func values(
    provingThat path: String, fits snapshot: String
  ) throws(IdentityNotProven) -> Identity {
    guard let values else { throw IdentityNotProven(path: path, other: snapshot) }
    return values
  }

  /// Rejects a parent of another model (spec, section 5.7).
  ///
  /// - Throws: `IdentityMismatch`; `IdentityNotProven`.
  package func check(parent: SnapshotIdentity, path: String, parentPath: String) throws {
    if let own = values, let other = parent.values {
      return try own.check(against: other, path: "\(path), which continues \(parentPath)")
    }
    guard files != nil && files == parent.files || isTrusted else {
      throw IdentityNotProven(path: path, other: parentPath)
    }
  }
}

extension SnapshotIdentity {
  /// The bytes of the section `IDEN` of a snapshot.
  func encoded(filters: Digest) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(values?.encoded ?? [UInt8](repeating: 0, count: Identity.byteCount))
    writer.write(filters.bytes)
    writer.write(UInt32(isTrusted ? 1 : 0))
    writer.write(UInt32(0))
    return writer.bytes
  }

  /// The length of the section in bytes.
  static let byteCount = Identity.byteCount + Digest.byteCount + 8

  /// Reads `IDEN` and, if it is there, `FILE`.
  static func read(
    _ section: Section, files: Section?
  ) throws(MalformedFile) -> (identity: SnapshotIdentity, filters: Digest) {
    var reader = section.reader
    let values = try Identity(&reader)
    let filters = Digest(try reader.readBytes(Digest.byteCount))
    let trust = try reader.readSize("trust", 0...1)
    try reader.expectZeros(4)
    try reader.expectEnd()
    let digests = [values.weights, values.architecture, values.rope, values.tokenizer]
    let missing = digests.count { $0 == .zero }
    guard missing == 0 || missing == digests.count else {
      throw section.reader.error("some digests of the model are zeros, and others are not")
    }
    guard missing == 0 || files != nil else {
      throw section.reader.error("no digest of a model")
    }
    var identity = SnapshotIdentity(values: missing == 0 ? values : nil, isTrusted: trust == 1)
    if let files { identity.files = try FileIdentity(files) }
    return (identity, filters)
  }
}

/// No digest proves that a file is of a model, and none proves that it is not.
public struct IdentityNotProven: CategorisedError, Equatable, Sendable {
  /// The file.
  public let path: String
  /// The model, or the parent.
  public let other: String

  /// Names them.
  public init(path: String, other: String) { (self.path, self.other) = (path, other) }

  /// The file may be another model's.
  public var category: FailureCategory { .identity }

  /// The file, and what is not known.
  public var description: String {
    "\(path): FILE: nothing proves that it is of the model of \(other): they share no kind of "
      + "digest, or the model's files are others"
  }
}
