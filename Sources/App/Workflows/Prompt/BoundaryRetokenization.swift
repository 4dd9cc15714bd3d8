import Tokenization

/// The tokens with which new text continues a context whose tokens are fixed (compare token
/// healing).
///
/// A tokenizer may join the end of one text and the beginning of the next: "we" and "ll" are one
/// word. The context's last tokens are then not those of the whole text. They are dropped, and the
/// new tokens begin with their replacement. So a resumed context has the same tokens as a prefill
/// of the whole text.
package struct BoundaryRetokenization {
  /// How many of the context's last tokens are dropped.
  package let dropped: Int
  /// The tokens that follow the rest of the context.
  package let tokens: [Int]

  /// The greatest number of the context's last tokens that new text can change.
  private static let reach = 64
  /// How many equal tokens in a row show that both tokenisations of the text agree from there on.
  private static let agreement = 3

  /// Continues `context` with `text`.
  ///
  /// - Parameter ending: Shortens the context's text, or the end of it, to what stays of it when
  ///   other text follows.
  init(
    after context: [Int], with text: [UInt8], tokenizer: Tokenizer,
    ending: ([UInt8]) -> [UInt8] = { $0 }
  ) {
    // The begin-of-text token is not part of the text, which could hold its name.
    let hasBegin = tokenizer.addsBeginOfText && context.first == tokenizer.beginOfText
    let body = hasBegin ? context.dropFirst() : context[...]
    let tail = Array(body.suffix(Self.reach))
    let isWhole = tail.count == body.count
    let pieces = tokenizer.texts(of: tail, continuing: !isWhole)
    let stem = ending(pieces.flatMap(\.self))
    let joint = tokenizer.encode(stem + text, parsingSpecials: true, continuing: !isWhole)
    let jointStarts = Self.starts(
      tokenizer.texts(of: joint, continuing: !isWhole).map(\.count))
    let agrees = tail.indices.map { index in
      guard Self.end(pieces, through: index + 1) <= stem.count,
        let start = jointStarts[Self.end(pieces, through: index)]
      else { return false }
      return start < joint.count && joint[start] == tail[index]
    }
    let kept = Self.kept(agrees, isWhole: isWhole)
    guard let kept, let first = jointStarts[Self.end(pieces, through: kept)] else {
      self.init(
        dropped: 0,
        tokens: tokenizer.encode(text, parsingSpecials: true, continuing: !context.isEmpty))
      return
    }
    self.init(dropped: tail.count - kept, tokens: Array(joint[first...]))
  }

  private init(dropped: Int, tokens: [Int]) {
    self.dropped = dropped
    self.tokens = tokens
  }

  /// How many of the tail's tokens stay: up to the end of the last run of equal tokens. Nil if
  /// there is none.
  private static func kept(_ agrees: [Bool], isWhole: Bool) -> Int? {
    for end in stride(from: agrees.count, through: 1, by: -1) {
      let start = max(0, end - agreement)
      let isLongEnough = end - start == agreement || isWhole
      if isLongEnough, agrees[start..<end].allSatisfy(\.self) { return end }
    }
    return isWhole ? 0 : nil
  }

  private static func end(_ pieces: [[UInt8]], through count: Int) -> Int {
    pieces.prefix(count).reduce(0) { $0 + $1.count }
  }

  /// Each token's index by its start in bytes. The end of the text has the index after the last.
  private static func starts(_ lengths: [Int]) -> [Int: Int] {
    var starts: [Int: Int] = [:]
    var start = 0
    for (index, length) in lengths.enumerated() {
      // The first of several tokens without bytes counts.
      starts[start] = starts[start] ?? index
      start += length
    }
    starts[start] = starts[start] ?? lengths.count
    return starts
  }
}
