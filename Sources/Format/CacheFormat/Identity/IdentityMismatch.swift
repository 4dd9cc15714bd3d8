public import ByteIO

/// A file was made with another model or filter bank than the one it is used with.
public struct IdentityMismatch: CategorisedError, Equatable, Sendable {
  /// What a digest is of.
  public enum Part: String, Sendable, CaseIterable {
    /// The model's weights.
    case weights
    /// The model's architecture.
    case architecture
    /// The rotary embedding's parameters.
    case rope = "RoPE parameters"
    /// The tokenizer.
    case tokenizer
    /// The filter bank that ranked a snapshot's pairs.
    case filterBank = "filter bank"
  }

  /// The rejected file.
  public var path: String
  /// What differs; never empty.
  public var differing: [Part]

  /// Names what differs.
  public init(path: String, differing: [Part]) {
    self.path = path
    self.differing = differing
  }

  /// Another model or filter bank is needed.
  public var category: FailureCategory { .identity }

  /// The file, what differs, and what helps.
  public var description: String {
    let parts = differing.map(\.rawValue).joined(separator: ", ")
    let needed =
      switch differing {
      case [.filterBank]: "filter bank"
      case _ where differing.contains(.filterBank): "model and filter bank"
      default: "model"
      }
    return "\(path): identity mismatch: different \(parts); "
      + "use the \(needed) that it was made with, or make it again"
  }
}
