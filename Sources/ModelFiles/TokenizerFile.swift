import ByteIO

/// A `tokenizer.json` of the tokenizers library, as far as it is byte-level BPE.
///
/// Every part that changes what ids a text has is recognised or refused by name. Truncation and
/// padding are passed over: they are settings of a caller's that the file happens to keep.
struct TokenizerFile {
  let object: JSONObject
  /// Spellings by id, without gaps.
  let tokens: [[UInt8]]
  /// As in GGUF: 1 normal, 3 control, 4 user-defined, 5 unused.
  let types: [Int32]
  /// "left right", best first.
  let merges: [[UInt8]]
  /// As GGUF names it.
  let preTokenizer: String
  /// The token that the post-processor puts before every text, if it does.
  let firstSpecial: [UInt8]?

  /// Reads the file for a model whose embedding has `size` rows.
  init(path: String, size: Int) throws {
    object = try JSONObject(file: path, section: "tokenizer")
    try object.refuseKeys(besides: [
      "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
      "post_processor", "decoder", "model",
    ])
    guard let model = try object.object("model") else { throw object.error("model", "is missing") }
    try Self.checkModel(model)
    try Self.checkNormalizer(object)
    try Self.checkDecoder(object)
    firstSpecial = try Self.postProcessor(object)
    preTokenizer = try Self.preTokenizer(object)
    var table = TokenTable(size: size)
    try table.add(vocabularyOf: model)
    try table.add(addedTokensOf: object)
    (tokens, types) = (table.filled, table.types)
    merges = try Self.merges(model)
  }

  /// The id of a token: of several that are spelled so, the added one.
  func id(of spelling: [UInt8]) -> Int? {
    let ids = tokens.indices.filter { tokens[$0] == spelling }
    return ids.first { types[$0] != 1 } ?? ids.first
  }

  private static func merges(_ model: JSONObject) throws(MalformedFile) -> [[UInt8]] {
    guard let list = try model.array("merges") else { throw model.error("merges", "is missing") }
    var merges: [[UInt8]] = []
    merges.reserveCapacity(list.count)
    for (rank, merge) in list.enumerated() {
      switch merge {
      case .text(let line): merges.append(line)
      case .array(let pair):
        guard pair.count == 2, case .text(let left) = pair[0], case .text(let right) = pair[1]
        else { throw model.error("merges", "has no two texts at \(rank)") }
        merges.append(left + [UInt8(ascii: " ")] + right)
      default: throw model.error("merges", "has neither text nor pair at \(rank)")
      }
    }
    return merges
  }
}
