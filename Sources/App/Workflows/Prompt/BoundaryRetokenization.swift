import Tokenization

/// How new text goes on after a context whose tokens are fixed.
///
/// A tokenizer may join the end of one text and the beginning of the next: "we" and "ll" are one word.
/// Then the context's last tokens are not those of the whole text; they are let go, and the new tokens
/// begin with what stands in their place. So a resumed context and one that is prefilled with the
/// whole text have the same tokens.
package struct BoundaryRetokenization {
  /// How many of the context's last tokens are let go.
  package let dropped: Int
  /// The tokens that follow the rest of the context.
  package let tokens: [Int]

  /// A seam reaches no farther back than this many tokens.
  private static let reach = 64
  /// So many agreeing tokens in a row show that both ways of cutting the text are in step.
  private static let inStep = 3

  /// Goes on after `context` with `text`.
  ///
  /// - Parameter ending: What becomes of the context's text, or the end of it, when other text follows: a
  ///   beginning of it.
  init(
    after context: [Int], with text: [UInt8], tokenizer: Tokenizer,
    ending: ([UInt8]) -> [UInt8] = { $0 }
  ) {
    // What no text begins with must not stand for its own name in one.
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

  /// How many of the tail's tokens stay: up to the last of a run that is in step.
  private static func kept(_ agrees: [Bool], isWhole: Bool) -> Int? {
    for end in stride(from: agrees.count, through: 1, by: -1) {
      let start = max(0, end - inStep)
      let isLongEnough = end - start == inStep || isWhole
      if isLongEnough, agrees[start..<end].allSatisfy(\.self) { return end }
    }
    return isWhole ? 0 : nil
  }

  private static func end(_ pieces: [[UInt8]], through count: Int) -> Int {
    pieces.prefix(count).reduce(0) { $0 + $1.count }
  }

  /// Where each token starts, in bytes, to its index; the end of the text belongs to the index behind
  /// the last.
  private static func starts(_ lengths: [Int]) -> [Int: Int] {
    var starts: [Int: Int] = [:]
    var start = 0
    for (index, length) in lengths.enumerated() {
      // Of tokens without bytes, the first counts.
      starts[start] = starts[start] ?? index
      start += length
    }
    starts[start] = starts[start] ?? lengths.count
    return starts
  }
}
