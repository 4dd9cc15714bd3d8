/// Tokens that a file names but the model's embedding has no row for, such as marks of images in a
/// family's text models.
///
/// They are left out, as in converters to GGUF: in a text their names are plain text.
struct BeyondEmbedding {
  let path: String
  /// Their spellings, except those that a remaining token has too.
  let spellings: Set<[UInt8]>

  /// The merges ("left right") that neither join such tokens nor make one.
  ///
  /// - Throws: `UnsupportedModel` if one of them is a part of a remaining token, which could then
  ///   never be made.
  func leavingOut(_ merges: [[UInt8]]) throws(UnsupportedModel) -> [[UInt8]] {
    guard !spellings.isEmpty else { return merges }
    var kept: [[UInt8]] = []
    kept.reserveCapacity(merges.count)
    for merge in merges {
      let parts = merge.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      if spellings.contains(Array(parts.joined())) { continue }
      if let part = parts.lazy.map(Array.init).first(where: spellings.contains) {
        throw UnsupportedModel(
          path: path,
          what:
            "the token \(JSONParser.quoted(part)), which the embedding has no row for, "
            + "as a part of another",
          supported: ["tokens beyond the embedding that are no part of others"])
      }
      kept.append(merge)
    }
    return kept
  }
}
