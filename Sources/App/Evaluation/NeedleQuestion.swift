import CacheFormat
import Inference
import ModelFiles
import QFilters
import Tokenization
import Workflows

/// A text with needles in it and the question about them, in tokens.
struct NeedlePrompt {
  let context: [Int]
  let question: [Int]
  let puzzle: NeedlePuzzle
  let isChat: Bool

  /// - Throws: `PromptError.tooLong` if the model's context does not hold them and `room` more.
  init(_ text: [UInt8], _ puzzle: NeedlePuzzle, room: Int, model: LoadedModel) throws {
    let usesChat = model.file.vocabulary.chatTemplate != nil
    let opening = try Prompt.opening(text, usesChat: usesChat, model: model)
    let continuation = try Prompt.continuation(
      Array(puzzle.question.utf8), after: opening, form: usesChat ? .openUserTurn : .plain,
      model: model)
    context = Array(opening.dropLast(continuation.dropped))
    question =
      continuation.tokens
      + model.tokenizer.encode(Array(puzzle.begin.utf8), parsingSpecials: false)
    isChat = usesChat
    self.puzzle = puzzle
    try Prompt.checkLength(context.count + question.count, room: room, model)
  }
}

/// What was answered, and pairs held at its first token.
struct NeedleAnswer {
  let text: String
  let stop: GenerationResult.Stop
  let pairs: Int
}

/// A prefilled context, and the question that each method answers from its share of it.
struct NeedleQuestion {
  private let tokens: Int
  private let question: [Int]
  private let context: PrefilledContext
  private let model: LoadedModel
  private let answerTokens: Int
  private let reach: Int?

  /// Prefills the prompt's context.
  init(
    _ prompt: NeedlePrompt, options: Needle.Options, model: LoadedModel, bank: FilterBank
  ) throws {
    (tokens, question) = (prompt.context.count, prompt.question)
    context = try PrefilledContext(
      prompt.context, isChat: prompt.isChat, room: question.count + options.task.answerTokens,
      methods: options.methods, model: model, bank: bank,
      retention: options.retention)
    self.model = model
    answerTokens = options.task.answerTokens
    reach = options.reach
  }

  func answer(_ method: Method, compression: Int) throws -> NeedleAnswer {
    let room = question.count + answerTokens
    switch method {
    case .full:
      defer { context.cache.removeLast(context.cache.nextPosition - tokens) }
      return try generate(context.cache)
    case .recall:
      let cache = try KVCache(
        shape: context.cache.shape, dtype: .f16, capacity: tokens + room)
      cache.continue(at: tokens)
      let recall = try Recall(
        context, compression: compression, reach: reach, engine: model.engine, into: cache)
      return try generate(cache, recall)
    case .ranked:
      return try generate(context.compressed(method, compression: compression, room: room))
    }
  }

  private func generate(_ cache: KVCache, _ recall: Recall? = nil) throws -> NeedleAnswer {
    let logits = try recall?.prefill(question) ?? model.engine.prefill(question, into: cache)
    let pairs = cache.pairs
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits,
      options: .init(maximumTokens: answerTokens, sampling: Sampler.Options()),
      afterFirst: { first in
        try recall?.lookAhead(
          question, first: first, limit: answerTokens, keepsDraft: true,
          isEnd: model.tokenizer.isEndOfGeneration)
      }, emit: { _ in })
    return NeedleAnswer(text: generation.text, stop: generation.stop, pairs: pairs)
  }
}
