import Platform

enum Softmax {
  /// Each number's exponential, divided by the sum of all.
  static func shares(_ logits: [Float]) -> [Float] {
    let greatest = logits.max() ?? 0
    let weights = logits.map { expf($0 - greatest) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }
}
