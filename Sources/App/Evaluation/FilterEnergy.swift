import ByteIO
import Inference
package import QFilters
package import Workflows

/// How far a model's queries lean in one direction, kept next to other results.
package enum FilterEnergy {
  /// One query head.
  package struct Cell: ResultCell {
    /// Where the head is.
    package let layer, queryHead: Int
    /// The share of its queries' energy in their first direction.
    package let energyShare: Float
    /// The cosine of that direction and the mean query.
    package let meanCosine: Float

    /// Layer and query head.
    package var subject: [String] { ["\(layer)", "\(queryHead)"] }

    /// Checks indices and ranges.
    package static func problem(_ cells: [Cell]) -> String? {
      let isValid = cells.allSatisfy {
        (0..<4096).contains($0.layer) && (0..<4096).contains($0.queryHead)
          && (0...1).contains($0.energyShare) && (0...1).contains($0.meanCosine)
      }
      return isValid ? nil : "a figure is outside its range"
    }
  }

  /// Writes the quality that a filter bank records to `energy.json`. A bank without a record, such
  /// as an imported one, writes nothing.
  ///
  /// - Throws: `SystemError`.
  package static func write(_ bank: FilterBank, of model: LoadedModel, to folder: String) throws {
    guard let quality = bank.quality else { return }
    var results = Results<Cell>(ResultOrigin(model, bank), [:])
    results.cells = quality.heads.enumerated().map { index, head in
      Cell(
        layer: index / quality.queryHeads, queryHead: index % quality.queryHeads,
        energyShare: head.energyShare, meanCosine: head.meanCosine)
    }
    try results.write(to: Folder.path(folder, "energy.json"))
  }
}
