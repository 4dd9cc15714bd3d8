import CacheFormat
import QFilters

/// What a filter bank knows of budgets by head: which heads look back, and how well the linear
/// score foresees it.
struct LinearScoreReport: Encodable, CustomStringConvertible {
  struct Head: Encodable {
    let layer, kvHead: Int
    /// Mean and deviation of the logarithm of the attention that questions pay.
    let mean, deviation: Float
    /// The share of the variance within the head.
    let explained: Float
  }

  /// The share of the variance over all pairs that the score explains.
  let explained: Float
  /// The mean of that share within a head.
  let explainedWithinHeads: Float
  let heads: [Head]

  init(_ score: LinearScore) {
    (explained, explainedWithinHeads) = (score.explained, score.explainedWithinHeads)
    heads = score.quality.enumerated().map { index, head in
      Head(
        layer: index / score.shape.kvHeads, kvHead: index % score.shape.kvHeads, mean: head.mean,
        deviation: head.deviation, explained: head.explained)
    }
  }

  var description: String {
    let means = heads.map { Double($0.mean) }
    let (least, greatest) = (means.min() ?? 0, means.max() ?? 0)
    var table = TextTable(
      "budgets by head: logarithm of the attention that questions about the text pay",
      ["layer", "mean", "greatest"])
    for layer in Set(heads.map(\.layer)).sorted() {
      let own = heads.filter { $0.layer == layer }.map { Double($0.mean) }
      table.add(
        [
          "\(layer)", Format.fixed(own.reduce(0, +) / Double(own.count), 2),
          Format.fixed(own.max() ?? 0, 2),
        ],
        own.map { Format.eighths(greatest > least ? ($0 - least) / (greatest - least) : 0) }
          .joined())
    }
    func percent(_ share: Float) -> String { Format.fixed(Double(share) * 100, 1) + " %" }
    return """
      \(table)

      the linear score explains \(percent(explained)) of its variance, and \
      \(percent(explainedWithinHeads)) within a head
      """
  }
}
