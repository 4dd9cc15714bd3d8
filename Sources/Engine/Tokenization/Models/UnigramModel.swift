/// SentencePiece's unigram model: a text is cut into the pieces with the greatest sum of scores.
/// Unknown scalars have the score that SentencePiece gives them. Source: Kudo, "Subword
/// Regularization" (2018).
struct UnigramModel: Sendable {
  private let pieces: [(length: Int, score: Double, id: UInt32)]
  private let automaton: PatternAutomaton
  private let bytes: [UInt32?]
  private let unknown: UInt32?
  private let unknownScore: Double

  /// Gathers the pieces of text.
  ///
  /// - Parameter bytes: The token of each byte, by byte, where there are such tokens.
  init(
    pieces: [(spelling: [UInt8], score: Float, id: UInt32)], bytes: [UInt32?], unknown: UInt32?,
    lowestScore: Float
  ) {
    self.pieces = pieces.map { ($0.spelling.count, Double($0.score), $0.id) }
    automaton = PatternAutomaton(pieces.map(\.spelling))
    self.bytes = bytes
    self.unknown = unknown
    unknownScore = Double(lowestScore) - 10
  }

  /// The last step of the best way to a position.
  private struct Step {
    var score: Double
    var start: Int
    var id: UInt32?
  }

  /// Appends the tokens of a text that is cut as a whole.
  func append(_ range: Range<Int>, of bytes: Span<UInt8>, to output: inout [Int]) {
    let steps = bestSteps(bytes, range)
    var end = range.upperBound
    var path: [(range: Range<Int>, id: UInt32?)] = []
    while end > range.lowerBound, let step = steps[end - range.lowerBound] {
      // A run of unknown scalars is one unknown token.
      if step.id == nil, let last = path.last, last.id == nil {
        path[path.count - 1].range = step.start..<last.range.upperBound
      } else {
        path.append((step.start..<end, step.id))
      }
      end = step.start
    }
    for step in path.reversed() {
      if let id = step.id {
        output.append(Int(id))
      } else {
        appendUnknown(step.range, bytes, &output)
      }
    }
  }

  /// The best last step to each position that can be reached.
  private func bestSteps(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [Step?] {
    var steps = [Step?](repeating: nil, count: range.count + 1)
    steps[0] = Step(score: 0, start: range.lowerBound)
    let text = ScalarText(bytes, range)
    var (state, position) = (0, range.lowerBound)
    while let item = text.scalar(at: position) {
      for index in position..<item.next {
        state = automaton.state(after: state, reading: bytes[index])
      }
      let end = item.next - range.lowerBound
      var isScalarKnown = false
      automaton.forEachPattern(endingAt: state) { pattern in
        let piece = pieces[pattern]
        isScalarKnown = isScalarKnown || piece.length == item.next - position
        guard let score = steps[end - piece.length]?.score else { return }
        if score + piece.score > steps[end]?.score ?? -.infinity {
          steps[end] = Step(
            score: score + piece.score, start: item.next - piece.length, id: piece.id)
        }
      }
      if !isScalarKnown, let score = steps[position - range.lowerBound]?.score,
        score + unknownScore > steps[end]?.score ?? -.infinity
      {
        steps[end] = Step(score: score + unknownScore, start: position)
      }
      position = item.next
    }
    return steps
  }

  private func appendUnknown(
    _ range: Range<Int>, _ text: Span<UInt8>, _ output: inout [Int]
  ) {
    let tokens = range.compactMap { bytes[Int(text[$0])] }
    if tokens.count == range.count {
      output.append(contentsOf: tokens.map { Int($0) })
    } else if let unknown {
      output.append(Int(unknown))
    }
  }
}
