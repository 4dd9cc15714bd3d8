import ByteIO

/// Why a snapshot cannot be read or written, in one sentence.
public struct SnapshotError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Kind: Sendable {
    /// The snapshot does not hold what was asked for, or an argument is wrong.
    case usage
    /// A file breaks a rule of the format, or was damaged.
    case malformed
    /// A file is not there.
    case missing
    /// The system could not read or write.
    case io
    /// An encrypted snapshot, and no key that opens it.
    case key
    /// Files of different models.
    case identity
    /// Anything else: a limit, or numbers that cannot be stored.
    case other
  }

  /// The kind of failure.
  public let kind: Kind
  /// The file, and what is wrong.
  public let description: String

  package init(_ kind: Kind, _ description: String) {
    (self.kind, self.description) = (kind, description)
  }

  /// Runs what throws errors of other modules, or its own.
  static func translating<Value>(_ body: () throws -> Value) throws(SnapshotError) -> Value {
    do {
      return try body()
    } catch {
      throw error as? SnapshotError ?? SnapshotError(error)
    }
  }

  private init(_ error: any Error) {
    description = "\(error)"
    kind =
      switch (error as? any CategorisedError)?.category {
      case .usage: .usage
      case .malformed: .malformed
      case .noInput: .missing
      case .io: .io
      case .key: .key
      case .identity: .identity
      case .other, nil: .other
      }
  }
}
