import ByteIO
import CacheFormat
import Inference
import ModelFiles
package import QFilters

/// Q-Filters from the hub's layout and to it.
///
/// The sign changes here: a filter bank has the paper's sign, the hub the opposite one (spec,
/// section 4).
package enum FilterExchange {
  private struct Origin: Encodable {
    /// Digest of the tensor's values as the hub has them.
    let importedTensorSHA256: String
  }

  /// Makes a filter bank from a folder in the hub's layout.
  ///
  /// - Returns: The shape of the filters, and the bank's size in bytes.
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`; `IdentityMismatch` if the model
  ///   has other layers, heads or lengths. The hub's files say nothing else about their model.
  package static func importHub(
    folder: String, _ model: LoadedModel, out: String
  ) throws -> (shape: FilterShape, bytes: UInt64) {
    let hub = try HubFilters(folder: folder)
    let shape = FilterShape(layers: hub.layers, kvHeads: hub.kvHeads, headLength: hub.headLength)
    guard shape == FilterShape(of: model.engine.architecture) else {
      throw IdentityMismatch(path: folder, differing: [.architecture])
    }
    try AtomicFile.checkWritable(out)
    var values = ByteWriter()
    for value in hub.values { values.write(value) }
    let origin = Origin(importedTensorSHA256: Digest(of: values.bytes).description)
    let bank = FilterBank(
      identity: model.identity, shape: shape, filters: hub.values.map { -$0 },
      provenance: try Provenance.json(model: model.file.name, origin: origin))
    return (shape, try bank.write(to: out))
  }

  /// Writes a filter bank as a folder in the hub's layout, with a model card.
  ///
  /// - Returns: The shape of the filters.
  /// - Throws: `SystemError`, `MalformedFile`.
  package static func exportHub(_ path: String, folder: String) throws -> FilterShape {
    let bank = try FilterBank(path: path)
    let hub = HubFilters(
      layers: bank.shape.layers, kvHeads: bank.shape.kvHeads, headLength: bank.shape.headLength,
      values: bank.filters.map { -$0 })
    try hub.write(to: folder, card: ModelCard(bank).text)
    return bank.shape
  }
}
