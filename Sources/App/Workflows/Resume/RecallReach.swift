import Platform
import ModelFiles

/// From how far away a question sees the pairs that recall offers.
///
/// Small models hardly attend to pairs that are thousands of tokens away, although their context
/// has room for them. So recall makes distances smaller, without training, as Self-Extend (arXiv
/// 2401.01325) does. Distances up to `near` stay. A distance of near + far becomes near + (reach −
/// near) · (far / farthest)^0.8. Self-Extend shrinks all distances evenly; this leaves more room to
/// nearer ones.
struct RecallReach {
  private let reach: Int
  /// Distances up to this one stay as they are.
  private static let near = 64
  private static let power = 0.8

  /// Brings every pair within `reach` positions; nil for a quarter of the model's context.
  init(_ reach: Int?, of model: ModelConfig) {
    self.reach = max(reach ?? model.contextLength / 4, Self.near)
  }

  /// How many positions each position before `start` comes nearer to it; nil if all are within
  /// reach.
  func shifts(before start: Int) -> [Double]? {
    guard start > reach else { return nil }
    let (room, farthest) = (Double(reach - Self.near), Double(start - Self.near))
    return (0..<start).map { position in
      let far = Double(max(0, start - position - Self.near))
      return max(0, far - room * pow(far / farthest, Self.power))
    }
  }
}
