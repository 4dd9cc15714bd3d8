/// Encodes the words of one text in order.
///
/// The tokens of a word that occurred before are copied from the output.
struct BytePairEncoder {
  private let model: BytePairModel
  private var known: [[UInt8]: Range<Int>] = [:]
  private var merging = MergingWord()
  /// Longer words hardly ever occur again; remembering them would only take memory.
  private static let longestKnown = 64

  init(_ model: BytePairModel) { self.model = model }

  /// Appends the tokens of the word at `range` of `bytes` to the output of all words.
  mutating func append(
    word range: Range<Int>, of bytes: Span<UInt8>, to output: inout [Int]
  ) {
    guard range.count <= Self.longestKnown else {
      encode(bytes, range, to: &output)
      return
    }
    let word = range.map { bytes[$0] }
    if let earlier = known[word] {
      // One by one: a slice would share the array while it grows, which copies all of it.
      for index in earlier { output.append(output[index]) }
      return
    }
    let start = output.count
    encode(bytes, range, to: &output)
    known[word] = start..<output.count
  }

  private mutating func encode(_ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [Int]) {
    if !model.wholeWords.isEmpty, let whole = model.wholeWords[range.map { bytes[$0] }] {
      output.append(Int(whole))
      return
    }
    model.forEachSymbol(of: bytes, range) { merging.append($0) }
    merging.finish(model.merges, into: &output)
  }
}
