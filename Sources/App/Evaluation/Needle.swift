package import Workflows
import CacheFormat
import Inference
import ModelFiles
package import QFilters
import Tokenization

/// The needle in a haystack: is a sentence in a long text still found?
package enum Needle {
  /// What to test.
  package struct Options: Sendable {
    /// What is hidden and asked.
    package var task = Task.needle
    /// Other seeds hide other things, in all tasks but the first.
    package var seed: UInt64 = 0
    /// Of the task `needle`: the sentence that is hidden.
    package var needle =
      "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."
    /// Of the task `needle`: the question.
    package var question = "What is the best thing to do in San Francisco?"
    /// Of the task `needle`: a right answer holds this, in letters of any case.
    package var answer = "Dolores Park"
    /// Lengths of the text in tokens.
    package var lengths = [1024, 2048, 4096, 7500]
    /// So many depths, evenly from the beginning to the end.
    package var depths = 10
    /// Compressions ×N.
    package var compressions = [2, 4, 8, 16, 32]
    /// Methods.
    package var methods: [Method] = [.full, .qFilters, .snapKV, .streamingLLM, .recall]
    /// What every compression keeps.
    package var retention = RetentionPolicy()

    /// From how far away recall sees pairs, in positions; nil for a quarter of the model's context.
    package var reach: Int?

    /// The classic needle.
    package init() {}

    /// What every measurement depends on; which of them are made does not count.
    func settings(haystack: Digest, _ bank: FilterBank) -> [String: String] {
      var settings = [
        "task": task.rawValue, "haystack": haystack.description,
        "reach": reach.map(String.init) ?? "a quarter of the context",
      ]
      if task == .needle {
        (settings["needle"], settings["question"]) = (needle, question)
        settings["answer"] = answer
      } else {
        settings["seed"] = "\(seed)"
      }
      return settings.merging(retention.settings(bank)) { $1 }
    }
  }

  /// One answer.
  package struct Cell: ResultCell, Equatable {
    /// The length that was asked for.
    package let length: Int
    /// Tokens of the text, the template's included.
    package let tokens: Int
    /// Where the needle was, from 0 to 1.
    package let depth: Double
    /// ×N; 1 for the whole cache.
    package let compression: Int
    /// The method's name.
    package let method: String
    /// Whether the answer held all that was asked for.
    package let found: Bool
    /// The share that it held.
    package let score: Double
    /// The answer.
    package let text: String
    /// Why the answer ended; nil in results of older versions.
    package let stop: GenerationResult.Stop?
    /// Pairs held when the first token came out, over all layers and heads.
    package let pairs: Int

    /// Length, depth, compression and method.
    package var subject: [String] { ["\(length)", "\(depth)", "\(compression)", method] }

    /// Whether sinks and window are all that ×N leaves room for, so that all methods that rank hold the same.
    ///
    /// - Parameter settings: Those of the results.
    package func isProtectedAlone(_ settings: [String: String]) -> Bool {
      RetentionPolicy.isAlone(of: tokens, compression, method, settings)
    }

    /// Checks every figure's range, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      let isSound = cells.allSatisfy {
        Method(rawValue: $0.method) != nil && (1...1 << 24).contains($0.length)
          && (1...1 << 24).contains($0.tokens) && (0...1).contains($0.depth)
          && (1...1 << 24).contains($0.compression) && (0...1).contains($0.score)
          && $0.found == ($0.score == 1) && $0.pairs >= 0
      }
      return isSound ? nil : "an unknown method, or a figure outside its range"
    }
  }

  /// Answers for every length, depth, method and compression. Each text is prefilled once, and none before
  /// it is known that all of them fit.
  ///
  /// - Parameters:
  ///   - haystack: The text to hide in.
  ///   - out: A folder that keeps every answer in a file named after the task; answers that are there
  ///     already are not asked for again.
  /// - Returns: All answers, those of earlier runs too.
  /// - Throws: `IdentityMismatch` if the filters are another model's, `MalformedFile` if they do not fit it,
  ///   `OtherResults`, `PromptError`, `SystemError`.
  package static func run(
    _ model: LoadedModel, bank: FilterBank, bankPath: String, haystack: [UInt8], options: Options,
    out: String?, progress: Progress
  ) throws -> Results<Cell> {
    let hay = NeedleText(haystack, model: model)
    let file = try file(model, bank, bankPath, haystack, options, out)
    let texts = NeedleText.Placed.missing(of: options, in: file.results.cells)
    let prompts = try texts.map { text in
      let puzzle = NeedlePuzzle(options, length: text.length, depth: text.depth)
      return try NeedlePrompt(
        hay.text(length: text.length, hiding: puzzle.hidden), puzzle,
        room: options.task.answerTokens, model: model)
    }
    // Counted in tokens, so that the time that is left is that of the long texts.
    let total = texts.reduce(0) { $0 + $1.length }
    return try file.collect {
      var done = 0
      progress("\(options.task.rawValue)", done, total)
      for (text, prompt) in zip(texts, prompts) {
        let question = try Question(prompt, options: options, model: model, bank: bank)
        for (index, (method, compression)) in text.cases.enumerated() {
          let answer = try question.answer(method, compression: compression)
          try file.append(Cell(text, method, compression, answer, prompt))
          progress(
            "\(options.task.rawValue)", done + text.length * (index + 1) / text.cases.count, total)
        }
        done += text.length
      }
    }
  }
}

extension Needle {
  private static func file(
    _ model: LoadedModel, _ bank: FilterBank, _ bankPath: String, _ haystack: [UInt8],
    _ options: Options, _ out: String?
  ) throws -> ResultFile<Cell> {
    try bank.check(model, path: bankPath)
    return try ResultFile(
      folder: out, name: options.task.rawValue, origin: ResultOrigin(model, bank),
      settings: options.settings(haystack: Digest(of: haystack), bank))
  }

  /// Refuses, as `run` would, another model's filters and a folder with results of something else.
  ///
  /// - Throws: `IdentityMismatch`, `OtherResults`, `MalformedFile`, `SystemError`.
  package static func check(
    _ folder: String, _ model: LoadedModel, bank: FilterBank, bankPath: String,
    haystack: [UInt8], options: Options
  ) throws { _ = try file(model, bank, bankPath, haystack, options, folder) }
}

extension Results<Needle.Cell> {
  /// The answers about texts that all methods and compressions have answered about: what others say nothing of a
  /// method.
  package var comparable: [Needle.Cell] {
    shared(by: { [$0.method, "\($0.compression)"] }, over: { [Double($0.length), $0.depth] })
  }
}

/// A text with needles in it and the question about them, in tokens.
private struct NeedlePrompt {
  let context: [Int]
  let question: [Int]
  let puzzle: NeedlePuzzle

  /// - Throws: `PromptError.tooLong` if the model's context does not hold them and `room` more.
  init(_ text: [UInt8], _ puzzle: NeedlePuzzle, room: Int, model: LoadedModel) throws {
    let usesChat = model.file.vocabulary.chatTemplate != nil
    let opening = try Prompt.opening(text, usesChat: usesChat, model: model)
    let continuation = try Prompt.continuation(
      Array(puzzle.question.utf8), after: opening, form: usesChat ? .openUserTurn : .plain,
      model: model)
    context = Array(opening.dropLast(continuation.dropped))
    question = continuation.tokens
    self.puzzle = puzzle
    try Prompt.checkLength(context.count + question.count, room: room, model)
  }
}

/// What was answered, and pairs held when the first token came out.
private struct Answer {
  let text: String
  let stop: GenerationResult.Stop
  let pairs: Int
}

/// A context and the question that is put to it again and again.
private struct Question {
  private let tokens: Int
  private let question: [Int]
  private let context: PrefilledContext
  private let model: LoadedModel
  private let answerTokens: Int
  private let reach: Int?

  init(
    _ prompt: NeedlePrompt, options: Needle.Options, model: LoadedModel, bank: FilterBank
  ) throws {
    (tokens, question) = (prompt.context.count, prompt.question)
    context = try PrefilledContext(
      prompt.context, room: question.count + options.task.answerTokens,
      methods: options.methods, model: model, bank: bank,
      retention: options.retention)
    self.model = model
    answerTokens = options.task.answerTokens
    reach = options.reach
  }

  func answer(_ method: Method, compression: Int) throws -> Answer {
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

  private func generate(
    _ cache: KVCache, _ recall: Recall? = nil
  ) throws -> Answer {
    let logits = try recall?.prefill(question) ?? model.engine.prefill(question, into: cache)
    let pairs = cache.pairs
    let generation = try GenerationResult.run(
      model, cache: cache, logits: logits,
      options: .init(maximumTokens: answerTokens, sampling: Sampler.Options()),
      afterFirst: {
        try recall?.lookAhead(
          question, logits: logits, limit: answerTokens,
          isEnd: model.tokenizer.isEndOfGeneration)
      }, emit: { _ in })
    return Answer(text: generation.text, stop: generation.stop, pairs: pairs)
  }
}

extension NeedleText {
  /// A text with the needle at one depth, and which answers about it are wanted.
  fileprivate struct Placed {
    let length: Int
    let depth: Double
    let cases: [(Method, Int)]

    /// Those of which answers are missing.
    static func missing(of options: Needle.Options, in cells: [Needle.Cell]) -> [Placed] {
      let done = Set(cells.map { Key($0.length, $0.depth, $0.method, $0.compression) })
      return options.lengths.flatMap { length in
        (0..<options.depths).compactMap { step in
          let depth = options.depths == 1 ? 0.5 : Double(step) / Double(options.depths - 1)
          let cases = options.cases.filter { method, compression in
            !done.contains(Key(length, depth, method.rawValue, compression))
          }
          return cases.isEmpty ? nil : Placed(length: length, depth: depth, cases: cases)
        }
      }
    }

    private struct Key: Hashable {
      let length: Int
      let depth: Double
      let method: String
      let compression: Int

      init(_ length: Int, _ depth: Double, _ method: String, _ compression: Int) {
        (self.length, self.depth) = (length, depth)
        (self.method, self.compression) = (method, compression)
      }
    }
  }
}

extension Needle.Options {
  fileprivate var cases: [(Method, Int)] {
    methods.flatMap { method in
      method == .full ? [(method, 1)] : compressions.map { (method, $0) }
    }
  }
}

extension Needle.Cell {
  fileprivate init(
    _ text: NeedleText.Placed, _ method: Method, _ compression: Int, _ answer: Answer,
    _ prompt: NeedlePrompt
  ) {
    let score = prompt.puzzle.score(answer.text)
    self.init(
      length: text.length, tokens: prompt.context.count, depth: text.depth,
      compression: compression,
      method: method.rawValue, found: score == 1, score: score, text: answer.text,
      stop: answer.stop, pairs: answer.pairs)
  }
}
