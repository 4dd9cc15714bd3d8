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

  /// What an export wrote.
  package struct Export: Sendable {
    /// The shape of the filters.
    package let shape: FilterShape
    /// What became of the model card.
    package let card: Card
    /// What the card says beyond the filter bank, if it was written.
    package let facts: CardFacts
  }

  /// What an export does with the model card that is there.
  package enum Card: String, Sendable, Encodable {
    /// There was none, or one that nobody had edited.
    case written
    /// Somebody edited it, and it names this filter bank.
    case kept
    /// Somebody edited it, and it does not name this filter bank.
    case keptOfOtherBank
  }

  /// Writes a filter bank as a folder in the hub's layout, with a model card. A card that somebody
  /// edited stays as it is.
  ///
  /// - Parameters:
  ///   - facts: What the card says beyond the filter bank. Without a repository, its snippet names
  ///     the folder.
  ///   - model: The model's file or folder, which completes the facts; nil if it is not at hand.
  ///   - replacesAnything: Whether an edited card is replaced, and a link by a file.
  /// - Throws: `SystemError`, `MalformedFile`; `IdentityMismatch` if the bank is another model's.
  package static func exportHub(
    _ path: String, folder: String, facts: CardFacts, model: LoadedModel? = nil,
    replacesAnything: Bool = false
  ) throws -> Export {
    let bank = try FilterBank(path: path)
    let hub = HubFilters(
      layers: bank.shape.layers, kvHeads: bank.shape.kvHeads, headLength: bank.shape.headLength,
      values: bank.filters.map { -$0 })
    let page = card(in: folder)
    var facts = facts
    if let page, ModelCard.isUnedited(page) {
      facts = facts.completed(by: ModelCard.facts(in: page, about: bank))
    }
    if let model {
      try bank.identity.check(against: model.identity, path: path)
      facts = facts.completed(by: CardFacts(try ModelOrigin(path: model.file.path)))
    }
    let card = replacesAnything ? .written : fate(ofCard: page, bank)
    let named = facts.completed(by: CardFacts(repository: Folder.name(of: folder)))
    try hub.write(
      to: folder, card: card == .written ? ModelCard(bank, named).text : nil,
      replacesLinks: replacesAnything)
    return Export(shape: bank.shape, card: card, facts: facts)
  }

  private static let mostBytes: UInt64 = 1 << 24

  /// The model card in a folder; nil if there is none, and empty if it cannot be read.
  private static func card(in folder: String) -> String? {
    let path = Folder.path(folder, HubFilters.cardName)
    guard Folder.hasFile(path) else { return nil }
    guard let file = try? RandomAccessFile(path: path), file.size <= mostBytes,
      let bytes = try? file.read(at: 0, count: Int(file.size), section: "model card")
    else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func fate(ofCard page: String?, _ bank: FilterBank) -> Card {
    guard let page, !ModelCard.isUnedited(page) else { return .written }
    return ModelCard.names(bank, in: page) ? .kept : .keptOfOtherBank
  }
}
