import CacheFormat
import Inference
import ModelFiles
public import QFilters
import Tokenization

/// The needle in a haystack: is a sentence in a long text still found?
public enum Needle {
  /// What to test.
  public struct Options: Sendable {
    /// The sentence that is hidden, what is asked, and the words that a right answer holds.
    public var needle =
      "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."
    /// The question.
    public var question = "What is the best thing to do in San Francisco?"
    /// A right answer holds this, in letters of any case.
    public var answer = "Dolores Park"
    /// Lengths of the text in tokens.
    public var lengths = [1024, 2048, 4096, 7500]
    /// So many depths, evenly from the beginning to the end.
    public var depths = 10
    /// Compressions ×N.
    public var compressions = [2, 4, 8, 16, 32]
    /// Methods.
    public var methods: [Method] = [.full, .qFilters, .snapKV, .streamingLLM, .recall]
    /// At most so many tokens of an answer.
    public var maximumTokens = 32

    /// The classic needle.
    public init() {}
  }

  /// One answer.
  public struct Cell: Sendable, Codable, Equatable {
    /// The length that was asked for.
    public let length: Int
    /// Tokens of the text, the template's included.
    public let tokens: Int
    /// Where the needle was, from 0 to 1.
    public let depth: Double
    /// ×N; 1 for the whole cache.
    public let compression: Int
    /// The method's name.
    public let method: String
    /// Whether the answer held the words.
    public let found: Bool
    /// The answer.
    public let text: String
    /// Pairs held when the first token came out, over all layers and heads.
    public let pairs: Int
  }

  /// Answers for every length, depth, method and compression.
  ///
  /// - Throws: `IdentityMismatch` if the filters are another model's, `PromptError`, `SystemError`.
  public static func run(
    _ model: LoadedModel, bank: FilterBank, bankPath: String, haystack: String, options: Options,
    progress: Progress, found: (Cell) throws -> Void
  ) throws {
    try bank.identity.check(against: model.identity, path: bankPath)
    let hay = try NeedleText(folder: haystack, model: model)
    let total = options.lengths.count * options.depths
    for (index, length) in options.lengths.enumerated() {
      for step in 0..<options.depths {
        let depth = options.depths == 1 ? 0.5 : Double(step) / Double(options.depths - 1)
        let text = try hay.text(length: length, depth: depth, needle: options.needle)
        let question = try Question(text, options: options, model: model, bank: bank)
        for (method, ratio) in cases(options) {
          let answer = try question.answer(method, ratio: ratio)
          try found(
            Cell(
              length: length, tokens: question.tokens, depth: depth, compression: ratio,
              method: method.rawValue,
              found: answer.text.lowercased().contains(options.answer.lowercased()),
              text: answer.text, pairs: answer.pairs))
        }
        progress("needle", index * options.depths + step + 1, total)
      }
    }
  }

  private static func cases(_ options: Options) -> [(Method, Int)] {
    options.methods.flatMap { method in
      method == .full ? [(method, 1)] : options.compressions.map { (method, $0) }
    }
  }
}

/// A context and the question that is put to it again and again.
private struct Question {
  let tokens: Int
  private let question: [Int]
  private let context: PrefilledContext
  private let model: LoadedModel
  private let options: Needle.Options

  init(_ text: [UInt8], options: Needle.Options, model: LoadedModel, bank: FilterBank) throws {
    let usesChat = model.file.vocabulary.chatTemplate != nil
    let opening = try Prompt.opening(text, usesChat: usesChat, model: model)
    let continuation = try Prompt.continuation(
      Array(options.question.utf8), after: opening, completesTurn: usesChat, model: model)
    tokens = opening.count - continuation.dropped
    question = continuation.tokens
    try Prompt.checkLength(tokens + question.count, model)
    context = try PrefilledContext(
      Array(opening[..<tokens]), room: question.count + options.maximumTokens, model: model,
      bank: bank)
    self.model = model
    self.options = options
  }

  func answer(_ method: Method, ratio: Int) throws -> (text: String, pairs: Int) {
    let room = question.count + options.maximumTokens
    switch method {
    case .full:
      defer { context.cache.removeLast(context.cache.nextPosition - tokens) }
      return try generate(context.cache)
    case .recall:
      let cache = try KVCache(
        shape: context.cache.shape, element: .f16, capacity: tokens + room)
      cache.continue(at: tokens)
      let recall = try Recall(context, ratio: ratio, engine: model.engine, into: cache)
      return try generate(cache, recall)
    case .ranked:
      return try generate(context.compressed(method, ratio: ratio, room: room))
    }
  }

  private func generate(
    _ cache: KVCache, _ recall: Recall? = nil
  ) throws -> (text: String, pairs: Int) {
    let logits = try recall?.prefill(question) ?? model.engine.prefill(question, into: cache)
    let pairs = cache.pairs
    let generation = try Generation.run(
      model, cache: cache, logits: logits,
      options: .init(maximumTokens: options.maximumTokens, sampling: Sampler.Options()),
      afterFirst: {
        try recall?.lookAhead(
          question, logits: logits, limit: options.maximumTokens,
          isEnd: model.tokenizer.isEndOfGeneration)
      }, emit: { _ in })
    return (generation.text, pairs)
  }
}
