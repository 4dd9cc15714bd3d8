import CacheFormat
import FoundationEssentials
import QFilters

/// Every filter bank of a zoo, with its origin.
public struct ZooIndex: Sendable, Encodable {
  /// One model of the zoo.
  public struct Entry: Sendable, Encodable {
    /// The model's path below the zoo's folder.
    public let model: String
    /// Its filter bank's path below the index's folder, and what is known of it; nil after a failure.
    public let bank: Bank?
    /// Why there is no filter bank.
    public let problem: String?
  }

  /// A filter bank.
  public struct Bank: Sendable, Encodable {
    /// Where it is.
    public let path: String
    /// SHA-256 of the filters.
    public let filters: String
    /// The digests that tie it to the model.
    public let weights, architecture, rope, tokenizer: String
    /// The recipe: how many sequences of how many tokens, and SHA-256 of their ids.
    public let sequences, length: Int
    /// Of the token ids.
    public let tokensSHA256: String
    /// How many query heads there are, and in how many the method's assumption fails.
    public let queryHeads, failingHeads: Int
    /// The bank's own provenance.
    public let provenance: String

    init?(path: String, _ bank: FilterBank) {
      guard let set = bank.sequences, let quality = bank.quality else { return nil }
      self.path = path
      filters = bank.digest.description
      (weights, architecture) = (
        bank.identity.weights.description, bank.identity.architecture.description
      )
      (rope, tokenizer) = (bank.identity.rope.description, bank.identity.tokenizer.description)
      (sequences, length) = (set.count, set.length)
      tokensSHA256 = set.corpus.description
      queryHeads = quality.heads.count
      failingHeads = quality.heads.count { !$0.holds }
      provenance = bank.provenance
    }
  }

  /// The models in order of their paths.
  public let models: [Entry]

  /// How the files of an index begin.
  static let beginnings = ["{\n  \"models\" : [", "\(heading)\n\n"]
  private static let heading = "# Q-Filters"

  var json: [UInt8] {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
      return [UInt8](try encoder.encode(self)) + [10]
    }
  }

  var markdown: [UInt8] {
    var lines = [
      Self.heading, "",
      "Each filter bank belongs to the weights whose digest stands beside it, and to no others. "
        + "`qfilters inspect` shows all of its origin.", "",
      "| model | filter bank | weights | sequences | corpus | heads that fail |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for entry in models {
      guard let bank = entry.bank else { continue }
      lines.append(
        "| \(Self.cell(entry.model)) | \(Self.cell(bank.path)) | `\(bank.weights.prefix(12))` "
          + "| \(bank.sequences) × \(bank.length) | `\(bank.tokensSHA256.prefix(12))` "
          + "| \(bank.failingHeads) of \(bank.queryHeads) |")
    }
    let failures = models.filter { $0.problem != nil }
    if !failures.isEmpty {
      lines += ["", "## Without a filter bank", "", "| model | problem |", "| --- | --- |"]
      lines += failures.map { "| \(Self.cell($0.model)) | \(Self.cell($0.problem ?? "")) |" }
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Text as one cell of a table, in which nothing has a meaning.
  private static func cell(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      if scalar.properties.generalCategory == .control { return }
      if "\\`*_{}[]<>#|!&~".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
  }
}
