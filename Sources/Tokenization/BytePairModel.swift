/// A byte-pair encoding: the token of each byte, and the merges.
struct BytePairModel: Sendable {
  /// The token of each byte, by byte; nil for a byte that the vocabulary cannot say.
  let byteTokens: [UInt32?]
  /// The merges by the tokens that they join.
  let merges: MergeTable

  /// Finds the bytes and merges among the tokens.
  init(merges lines: [[UInt8]], ids: [[UInt8]: UInt32]) throws(TokenizationError) {
    byteTokens = ByteAlphabet.spellings.map { ids[$0] }
    merges = try MergeTable(lines, ids: ids)
  }
}

/// Encodes the words of one text, one after the other.
///
/// A word that came before is copied from where it first stands in the output.
struct BytePairEncoder {
  /// The ids of all words so far.
  private(set) var output: [Int] = []

  private let model: BytePairModel
  private var known: [[UInt8]: Range<Int>] = [:]
  private var merging = MergingWord()
  /// Longer words hardly ever come again; remembering them would only hold memory.
  private static let longestKnown = 64

  init(_ model: BytePairModel) { self.model = model }

  /// Appends a token that is no word of the text.
  mutating func append(token: UInt32) { output.append(Int(token)) }

  /// Appends the tokens of the word that stands at `range` of `bytes`.
  mutating func append(word range: Range<Int>, of bytes: Span<UInt8>) {
    guard range.count <= Self.longestKnown else {
      encode(bytes, range)
      return
    }
    let word = range.map { bytes[$0] }
    if let earlier = known[word] {
      // One by one: a slice would hold the array while it grows, and so have all of it copied.
      for index in earlier { output.append(output[index]) }
      return
    }
    let start = output.count
    encode(bytes, range)
    known[word] = start..<output.count
  }

  /// Bytes without a token are left out before merging, as the tokenizers library does.
  private mutating func encode(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    for index in range {
      if let token = model.byteTokens[Int(bytes[index])] { merging.append(token) }
    }
    merging.finish(model.merges, into: &output)
  }
}
