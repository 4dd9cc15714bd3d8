import CacheFormat
import FoundationEssentials
import QFilters

/// Every filter bank of a zoo, with its origin.
struct ZooIndex: Sendable, Codable {
  /// One model of the zoo.
  struct Entry: Sendable, Codable {
    /// The model's path below the zoo's folder.
    let model: String
    /// Its filter bank; nil if there is none.
    let bank: Bank?
    /// Why there is no filter bank, or none that is up to date; nil if nothing went wrong.
    let problem: String?
  }

  /// A filter bank and its origin.
  struct Bank: Sendable, Codable {
    /// Its path below the index's folder.
    let path: String
    /// SHA-256 of the filters.
    let filters: String
    /// The digests that tie it to the model.
    let weights, architecture, rope, tokenizer: String
    /// The recipe: the number of sequences and of tokens in each.
    let sequences, length: Int
    /// SHA-256 of the token ids.
    let tokensSHA256: String
    /// The number of query heads, and of those in which the method's assumption fails.
    let queryHeads, failingHeads: Int
    /// The bank's own provenance.
    let provenance: String

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
  let models: [Entry]

  /// The names of an index's files.
  static let fileNames = ["index.json", "index.md"]

  /// The beginnings of an index's files.
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
      "Each filter bank belongs to the weights whose digest is next to it, and to no others. "
        + "`qfilters inspect` shows all of its origin.", "",
      "| model | filter bank | weights | sequences | corpus | heads that fail |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for entry in models {
      guard let bank = entry.bank else { continue }
      lines.append(
        "| \(Markdown.plain(entry.model)) | \(Markdown.plain(bank.path)) "
          + "| `\(bank.weights.prefix(12))` "
          + "| \(bank.sequences) × \(bank.length) | `\(bank.tokensSHA256.prefix(12))` "
          + "| \(bank.failingHeads) of \(bank.queryHeads) |")
    }
    for (heading, hasBank) in [
      ("Without a filter bank", false), ("Filter banks that could not be computed anew", true),
    ] {
      let failures = models.filter { $0.problem != nil && ($0.bank != nil) == hasBank }
      guard !failures.isEmpty else { continue }
      lines += ["", "## \(heading)", "", "| model | problem |", "| --- | --- |"]
      lines += failures.map {
        "| \(Markdown.plain($0.model)) | \(Markdown.plain($0.problem ?? "")) |"
      }
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }
}
