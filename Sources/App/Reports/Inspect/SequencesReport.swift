import CacheFormat
import QFilters

/// Which sequences a file's sums come from.
struct SequencesReport: Encodable, CustomStringConvertible {
  /// SHA-256 of the token ids of all sequences.
  let tokensSHA256: String
  /// How many were summed, and how many the recipe has.
  let summed, ofRecipe: Int
  /// Tokens in each.
  let length: Int

  init(_ sequences: SequenceSet) {
    tokensSHA256 = sequences.corpus.description
    summed = sequences.members.count
    ofRecipe = sequences.count
    length = sequences.length
  }

  var description: String {
    Format.list(
      "sequences",
      [
        ("summed", "\(Format.count(summed)) of \(Format.count(ofRecipe))"),
        ("length", Format.count(length, "token")),
        ("token ids", Format.shortened(tokensSHA256)),
      ])
  }
}
