import Inference
import Workflows

/// What a client asks a model, checked.
struct CompletionRequest: Sendable {
  /// What is to be continued.
  enum Prompt: Sendable, Equatable {
    case chat([Transcript.Turn])
    case text(String)
  }

  /// What clients call the model.
  let modelName: String
  let prompt: Prompt
  /// The stored context that the prompt continues.
  let document: String?
  let mode: ResumeMode
  /// Nil for as many tokens as the model's context has room for.
  let maximumTokens: Int?
  let sampling: Sampler.Options
  let stops: [String]
  /// Whether the answer comes piece by piece.
  let isStreamed: Bool
  /// Whether a streamed answer ends with the number of tokens.
  let includesUsage: Bool
  /// The stored context once it was found.
  var context: StoreName?

  /// What the model is given.
  ///
  /// - Parameter context: The model's longest context in tokens.
  func prepared(
    context longest: Int, isAbandoned: @escaping @Sendable () -> Bool
  ) -> Responder.Request {
    let prompt: Responder.Request.Prompt =
      switch prompt {
      case .chat(let turns): .chat(turns)
      case .text(let text): .text(Array(text.utf8))
      }
    var request = Responder.Request(
      prompt, mode: mode,
      generation: GenerationConfig(
        maximumTokens: maximumTokens ?? longest, sampling: sampling, stopStrings: stops))
    request.context = context
    request.isAbandoned = isAbandoned
    return request
  }
}

extension CompletionRequest {
  /// OpenAI's default for a plain text.
  private static let usualTextTokens = 16
  private static let mostStops = 4
  private static let longestStop = 1000
  private static let mostTokens = 1 << 24
  private static let greatestCompression = 1 << 20

  /// What would change the answer, and is not done.
  private static let unsupported = [
    "tools", "functions", "function_call", "logprobs", "top_logprobs", "logit_bias", "audio",
    "web_search_options", "echo", "suffix", "prediction",
  ]

  /// Reads what both kinds of requests have.
  ///
  /// - Throws: `ServeError`.
  init(_ fields: RequestFields, _ prompt: Prompt) throws {
    try fields.reject(Self.unsupported)
    try Self.checkForm(fields)
    modelName = try fields.needed("model", String.self, "the name of a model")
    self.prompt = prompt
    document = try fields.value("document", String.self, "the name of a context")
    mode = try Self.mode(fields)
    let most = 1...Self.mostTokens
    let given =
      try fields.integer("max_completion_tokens", most) ?? fields.integer("max_tokens", most)
    if case .text = prompt {
      maximumTokens = given ?? Self.usualTextTokens
    } else {
      maximumTokens = given
    }
    sampling = try Self.sampling(fields)
    stops = try fields.value("stop", Texts.self, "a text or a list of texts")?.texts ?? []
    guard stops.count <= Self.mostStops,
      stops.allSatisfy({ (1...Self.longestStop).contains($0.utf8.count) })
    else {
      throw ServeError.invalid("stop", "stop must be at most \(Self.mostStops) texts, none empty")
    }
    isStreamed = try fields.value("stream", Bool.self, "true or false") ?? false
    let options = try fields.value("stream_options", StreamOptions.self, "an object")
    includesUsage = options?.includesUsage ?? false
  }

  private static func checkForm(_ fields: RequestFields) throws {
    for name in ["n", "best_of"] where try fields.integer(name, 1...128) ?? 1 != 1 {
      throw ServeError.unsupported(name, "must be 1")
    }
    let form = try fields.value("response_format", ResponseFormat.self, "an object with a type")
    guard form?.type ?? "text" == "text" else {
      throw ServeError.unsupported("response_format", "must have the type text")
    }
    let kinds = try fields.value("modalities", [String].self, "a list of texts") ?? []
    guard kinds.allSatisfy({ $0 == "text" }) else {
      throw ServeError.unsupported("modalities", "must be text")
    }
  }

  private static func sampling(_ fields: RequestFields) throws -> Sampler.Options {
    var options = Sampler.Options()
    options.temperature = try fields.number("temperature", 0...2) ?? 0
    options.topP = try fields.number("top_p", 0...1) ?? 1
    // OpenAI's clients may ask for 0, which leaves the likeliest token.
    if options.topP == 0 { (options.topP, options.topK) = (1, 1) }
    options.topK = try fields.integer("top_k", 0...Int(Int32.max)) ?? options.topK
    options.minP = try fields.number("min_p", 0...1) ?? 0
    options.repetitionPenalty = try fields.number("repetition_penalty", 0.01...100) ?? 1
    options.presencePenalty = try fields.number("presence_penalty", -2...2) ?? 0
    options.frequencyPenalty = try fields.number("frequency_penalty", -2...2) ?? 0
    let seed = try fields.value("seed", Int64.self, "a whole number")
    options.seed = seed.map { UInt64(bitPattern: $0) } ?? UInt64.random(in: 0 ... .max)
    return options
  }

  private static func mode(_ fields: RequestFields) throws -> ResumeMode {
    let compression = try power("compression", fields)
    guard let recall = try power("recall", fields) else {
      return compression.map { .compressed($0) } ?? .whole
    }
    guard compression == nil else {
      throw ServeError.invalid("recall", "give compression or recall, not both")
    }
    return .recalled(recall)
  }

  private static func power(_ name: String, _ fields: RequestFields) throws -> Int? {
    guard let value = try fields.integer(name, 2...greatestCompression) else { return nil }
    guard value.nonzeroBitCount == 1 else {
      throw ServeError.invalid(name, "\(name) must be a power of two")
    }
    return value
  }
}

private struct StreamOptions: Decodable {
  let includesUsage: Bool

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder, prefix: "stream_options.")
    includesUsage = try fields.value("include_usage", Bool.self, "true or false") ?? false
  }
}

private struct ResponseFormat: Decodable {
  let type: String

  init(from decoder: any Decoder) throws {
    let fields = try RequestFields(decoder, prefix: "response_format.")
    type = try fields.needed("type", String.self, "a text")
  }
}

/// A text or several.
private struct Texts: Decodable {
  let texts: [String]

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let text = try? value.decode(String.self) {
      texts = [text]
    } else {
      texts = try value.decode([String].self)
    }
  }
}
