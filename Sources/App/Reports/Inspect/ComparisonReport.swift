package import QFilters

/// How much two filter banks agree.
package struct ComparisonReport: Encodable, CustomStringConvertible {
  /// One layer's KV heads.
  struct Layer: Encodable {
    let layer: Int
    let mean, least: Double
    let cosines: [Double]
  }

  /// Whether both banks have the same identity.
  let sameModel: Bool
  /// Over all layers and heads.
  let mean, least: Double
  let layers: [Layer]

  package init(_ comparison: FilterComparison, isSameModel: Bool) {
    sameModel = isSameModel
    (mean, least) = Self.summary(comparison.cosines[...])
    layers = (0..<comparison.shape.layers).map { layer in
      let cosines = comparison.cosines(layer: layer)
      let (mean, least) = Self.summary(cosines)
      return Layer(layer: layer, mean: mean, least: least, cosines: Array(cosines))
    }
  }

  private static func summary(_ cosines: ArraySlice<Double>) -> (mean: Double, least: Double) {
    (cosines.reduce(0, +) / Double(cosines.count), cosines.min() ?? 0)
  }

  package var description: String {
    var table = TextTable("cosines of the two filters of each KV head", ["layer", "mean", "least"])
    for layer in layers {
      table.add(["\(layer.layer)", Format.fixed(layer.mean, 6), Format.fixed(layer.least, 6)])
    }
    table.add(["all", Format.fixed(mean, 6), Format.fixed(least, 6)])
    return "\(table)\n\n" + (sameModel ? "same model" : "filters of different models")
  }
}
