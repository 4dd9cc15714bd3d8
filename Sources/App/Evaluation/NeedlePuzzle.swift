import ByteIO
import Inference
import Workflows

extension Needle {
  /// What is hidden, and what is asked. All but `needle` follow RULER (arXiv 2404.06654) and are
  /// generated from a seed.
  package enum Task: String, Sendable, CaseIterable, Codable {
    /// One sentence.
    case needle
    /// Four keys with a number each; one of them is asked for.
    case multiKey = "multi-key"
    /// One key with four numbers; all of them are asked for.
    case multiValue = "multi-value"
    /// Five variables: the first is set to a number, each other to the one before. All that hold
    /// the number are asked for.
    case variableTracking = "variable-tracking"

    /// The maximum number of tokens of an answer.
    var answerTokens: Int {
      switch self {
      case .needle, .multiKey: 32
      case .multiValue, .variableTracking: 64
      }
    }
  }
}

/// Sentences to hide, a question about them, and what a right answer holds.
struct NeedlePuzzle: Equatable {
  /// A sentence, and where it goes, from 0 to 1.
  struct Hidden: Equatable {
    let depth: Double
    let sentence: String
  }

  let hidden: [Hidden]
  let question: String
  /// The score of an answer is the share of these that it holds, in letters of any case.
  let answers: [String]
  /// What the answer begins with.
  var begin = ""

  private static let keys = 4
  private static let values = 4
  private static let variables = 5

  /// The puzzle whose first sentence is hidden at `depth`. Equal options, length and depth give an
  /// equal puzzle.
  init(_ options: Needle.Options, length: Int, depth: Double) {
    var random = SplitMix64(
      seed: options.seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(length) << 20 ^ depth.bitPattern)
    switch options.task {
    case .needle:
      hidden = [Hidden(depth: depth, sentence: options.needle)]
      (question, answers, begin) = (options.question, [options.answer], options.begin)
    case .multiKey: self = .multiKey(depth, &random)
    case .multiValue: self = .multiValue(depth, &random)
    case .variableTracking: self = .variableTracking(depth, &random)
    }
  }

  private init(_ hidden: [Hidden], asking question: String, for answers: [String]) {
    (self.hidden, self.question, self.answers) = (hidden, question, answers)
  }

  /// The share of the answers that a text holds.
  func score(_ text: String) -> Double {
    let text = text.lowercased()
    return Double(answers.count { text.contains($0.lowercased()) }) / Double(answers.count)
  }

  private static func multiKey(_ depth: Double, _ random: inout SplitMix64) -> NeedlePuzzle {
    let things = things(keys, &random)
    let numbers = numbers(keys, &random)
    let depths = [depth] + (1..<keys).map { _ in Double.random(in: 0..<1, using: &random) }
    let hidden = zip(depths, zip(things, numbers)).map {
      Hidden(depth: $0, sentence: "The secret number of the \($1.0) is \($1.1).")
    }
    return NeedlePuzzle(
      hidden, asking: "What is the secret number of the \(things[0])?", for: [numbers[0]])
  }

  private static func multiValue(_ depth: Double, _ random: inout SplitMix64) -> NeedlePuzzle {
    let thing = things(1, &random)[0]
    let numbers = numbers(values, &random)
    let depths = [depth] + (1..<values).map { _ in Double.random(in: 0..<1, using: &random) }
    let hidden = zip(depths, numbers).map {
      Hidden(depth: $0, sentence: "One of the secret numbers of the \(thing) is \($1).")
    }
    return NeedlePuzzle(
      hidden, asking: "What are all \(values) secret numbers of the \(thing)?", for: numbers)
  }

  /// The first variable is at `depth`, the others follow it in order.
  private static func variableTracking(
    _ depth: Double, _ random: inout SplitMix64
  ) -> NeedlePuzzle {
    let number = Int.random(in: 10_000...99_999, using: &random)
    let names = (0..<variables).map { _ in
      String((0..<5).map { _ in Character(letters.randomElement(using: &random) ?? "A") })
    }
    let later = (1..<variables).map { _ in Double.random(in: depth...1, using: &random) }.sorted()
    let values = ["\(number)"] + names.map { "VAR \($0)" }
    let hidden = zip([depth] + later, zip(names, values)).map {
      Hidden(depth: $0, sentence: "VAR \($1.0) = \($1.1).")
    }
    return NeedlePuzzle(
      hidden, asking: "Which \(variables) variables have the value \(number)?", for: names)
  }

  private static func numbers(_ count: Int, _ random: inout SplitMix64) -> [String] {
    (0..<count).map { _ in String(Int.random(in: 1_000_000...9_999_999, using: &random)) }
  }

  /// Different things, such as "copper lantern".
  private static func things(_ count: Int, _ random: inout SplitMix64) -> [String] {
    let all = adjectives.flatMap { adjective in nouns.map { "\(adjective) \($0)" } }
    return Array(all.shuffled(using: &random).prefix(count))
  }

  private static let letters = (UInt8(ascii: "A")...UInt8(ascii: "Z")).map(UnicodeScalar.init)
  private static let adjectives = [
    "copper", "velvet", "silent", "crooked", "golden", "hollow", "painted", "frozen", "wooden",
    "striped",
  ]
  private static let nouns = [
    "lantern", "harbour", "violin", "compass", "orchard", "kettle", "bridge", "mirror", "anchor",
    "garden",
  ]
}
