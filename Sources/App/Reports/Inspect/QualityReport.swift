import QFilters

/// How well Q-Filters represent a model's queries.
struct QualityReport: Encodable, CustomStringConvertible {
  /// One query head.
  struct Head: Encodable {
    let layer, queryHead: Int
    let energyShare, meanProjection, meanCosine: Float
    let assumptionHolds: Bool
  }

  let heads: [Head]
  private let layers: Int

  private enum CodingKeys: CodingKey { case heads }

  init(_ quality: FilterQuality) {
    layers = quality.layers
    heads = quality.heads.enumerated().map { index, head in
      let (layer, queryHead) = index.quotientAndRemainder(dividingBy: quality.queryHeads)
      return Head(
        layer: layer, queryHead: queryHead, energyShare: head.energyShare,
        meanProjection: head.meanProjection, meanCosine: head.meanCosine,
        assumptionHolds: head.holds)
    }
  }

  var description: String { "\(table)\n\n\(verdict)" }

  private static let mostBars = 24

  private var table: TextTable {
    var table = TextTable(
      "queries by layer: in the first direction, and along their mean",
      ["layer", "energy", "least", "projection", "cosine", "least", "fail"])
    for layer in 0..<layers {
      let heads = heads.filter { $0.layer == layer }
      func mean(_ value: (Head) -> Float) -> Double {
        heads.reduce(0) { $0 + Double(value($1)) } / Double(heads.count)
      }
      func percent(_ share: Double) -> String { Format.fixed(share * 100, 1) + " %" }
      table.add(
        [
          "\(layer)", percent(mean(\.energyShare)),
          percent(Double(heads.map(\.energyShare).min() ?? 0)),
          Format.fixed(mean(\.meanProjection), 2), Format.fixed(mean(\.meanCosine), 4),
          Format.fixed(Double(heads.map(\.meanCosine).min() ?? 0), 4),
          "\(heads.count { !$0.assumptionHolds })",
        ],
        heads.count <= Self.mostBars
          ? heads.map { Format.eighths(Double($0.energyShare)) }.joined() : "")
    }
    return table
  }

  /// Whether the method's assumption holds, and where not.
  private var verdict: String {
    let failing = heads.filter { !$0.assumptionHolds }
    let count = "\(Format.count(failing.count)) of \(Format.count(heads.count, "query head"))"
    guard !failing.isEmpty else {
      return "queries of every head lean in one direction, as Q-Filters assume"
    }
    let consequence =
      2 * failing.count > heads.count
      ? """
      Most heads of this model are not what Q-Filters assume. Models that normalise
      queries and keys (QK-norm) are known for that. `evaluate fidelity` shows in
      which layers they foresee attention nevertheless.
      """
      : "In those heads the filters may rank pairs no better than chance."
    let share = Format.fixed(Double(FilterQuality.Head.leastShare) * 100, 0)
    let cosine = Format.fixed(Double(FilterQuality.Head.leastCosine), 1)
    return """
      the assumption fails in \(count): the first direction carries
      less than \(share) % of the energy, or is not the mean's (a cosine under \(cosine)).
      \(consequence)
      """
  }
}
