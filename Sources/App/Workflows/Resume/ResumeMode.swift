/// Which pairs of a stored context a prompt continues.
package enum ResumeMode: Sendable, Equatable {
  /// All pairs, bit for bit.
  case whole
  /// What ×N keeps; nothing else is read.
  case compressed(Int)
  /// As many pairs as ×N keeps, chosen from all stored ones by the prompt itself and by the
  /// ranking.
  ///
  /// `reach`: pairs that are farther away than this many positions are brought nearer; nil for a
  /// quarter of the model's context.
  case recalled(Int, reach: Int? = nil)
}

extension ResumeMode {
  /// The compression, or nil for the whole cache.
  var compression: Int? {
    switch self {
    case .whole: nil
    case .compressed(let compression), .recalled(let compression, _): compression
    }
  }

  /// The compression whose pairs are read, or nil for all that are stored.
  var readCompression: Int? {
    if case .compressed(let compression) = self { compression } else { nil }
  }

  /// The name in provenance.
  var name: String {
    switch self {
    case .whole: "the whole cache"
    case .compressed(let compression): "×\(compression)"
    case .recalled(let compression, let reach):
      "recall ×\(compression)" + (reach.map { ", reach \($0)" } ?? "")
    }
  }
}
