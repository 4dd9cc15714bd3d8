import ModelFiles

/// From how far away a question sees pairs that recall offers it.
///
/// A model that was trained on long texts last, and on few of them, hardly attends to what is far away, although its
/// context has room for it. So distances are made smaller, as in Self-Extend (arXiv 2401.01325), and like there
/// without training: those up to `near` stay, greater ones shrink evenly until the first position is within reach.
struct RecallReach {
  private let reach: Int
  /// Distances up to this one stay as they are.
  private static let near = 64

  /// Brings every pair within so many positions, or within a quarter of the model's context.
  init(_ reach: Int?, of model: ArchitectureDescription) {
    self.reach = max(reach ?? model.contextLength / 4, Self.near)
  }

  /// By how many positions each position before `start` comes nearer to it; nil if all are within reach.
  func shifts(before start: Int) -> [Double]? {
    guard start > reach else { return nil }
    let scale = Double(reach - Self.near) / Double(start - Self.near)
    return (0..<start).map { position in
      Double(max(0, start - position - Self.near)) * (1 - scale)
    }
  }
}
