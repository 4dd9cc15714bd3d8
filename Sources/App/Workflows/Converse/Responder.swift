import ByteIO
package import CacheCodec
import CacheFormat
import Inference
package import QFilters

/// Answers prompts of one model. What a prompt has in common with a snapshot of a store is not
/// computed again, and what it adds is saved there.
///
/// A prompt's tokens are the same with a store and without one. Only their pairs come from a file.
package struct Responder {
  /// Which prompt, and how it is answered.
  package struct Request {
    /// What is asked.
    package enum Prompt {
      /// A conversation, the last turn the user's.
      case chat([Transcript.Turn])
      /// Plain text in UTF-8, which is continued.
      case text([UInt8])
    }

    /// What is asked.
    package var prompt: Prompt
    /// The stored context that the prompt continues.
    package var context: StoreName?
    /// Which stored pairs the prompt attends to. What is not stored is attended to whole.
    package var mode: ResumeMode
    /// How the answer is generated, without an eviction.
    package var generation: GenerationConfig
    /// The conversation that the new snapshot is the next turn of; nil for one without a name.
    package var conversation: StoreName?
    /// Asked before each layer and after each token: whether nobody waits for the answer any more.
    package var isAbandoned: @Sendable () -> Bool = { false }

    /// A prompt that attends to everything.
    package init(_ prompt: Prompt, mode: ResumeMode = .whole, generation: GenerationConfig) {
      (self.prompt, self.mode, self.generation) = (prompt, mode, generation)
    }
  }

  /// What came out.
  package struct Answer: Sendable {
    /// The new tokens.
    package let generation: GenerationResult
    /// Tokens of the whole prompt.
    package let promptTokens: Int
    /// How many of them came from the store.
    package let cachedTokens: Int
    /// Seconds from the beginning to the first new token.
    package let firstTokenSeconds: Double
    /// The name of the snapshot that holds the prompt and its answer; nil without a store. If
    /// saving fails, the answer is still valid.
    package let saved: Result<StoreName, any Error>?
  }

  /// The model that answers.
  package let model: LoadedModel
  let store: Store?
  let source: ScorerSource
  let precision: Precision
  /// Receives messages for the user: damaged files, and documents that were prefilled again.
  let report: (String) -> Void

  /// Answers by a model.
  ///
  /// - Parameters:
  ///   - source: What ranks the pairs of new snapshots.
  ///   - precision: How caches are held in memory. They are stored bit for bit.
  ///   - report: Receives messages for the user.
  /// - Throws: `ConversationError.needsQueries`; `IdentityMismatch` or `MalformedFile` if filters
  ///   do not fit the model.
  package init(
    _ model: LoadedModel, store: Store?, ranking source: ScorerSource,
    precision: Precision = Precision(.float16), report: @escaping (String) -> Void = { _ in }
  ) throws {
    guard !source.origin.scorer.needsQueries else {
      throw ConversationError.needsQueries(method: source.origin.scorer.name)
    }
    try source.check(model)
    (self.model, self.store, self.source) = (model, store, source)
    (self.precision, self.report) = (precision, report)
  }

  /// Answers a prompt.
  ///
  /// - Parameter emit: Receives text as it becomes whole characters; its first call comes with the
  ///   first token.
  /// - Throws: `ConversationError`, `PromptError`, `TokenizationError`, `EngineError`;
  ///   `StoreRefusal` and as `Resume.run` if the named context cannot be used;
  ///   `CancellationError` if the answer was abandoned before its first token.
  package func answer(
    _ request: Request, emit: (String) -> Void
  ) throws -> Answer {
    let clock = Stopwatch()
    let document = try request.context.map { try self.document($0) }
    let tokens = try self.tokens(of: request, after: document)
    guard tokens.count < model.contextLength else {
      throw ConversationError.tooLong(tokens: tokens.count, context: model.contextLength)
    }
    var lookup = StoreLookup(self, request, tokens, document)
    while let match = try lookup.next() {
      var isSilent = true
      do {
        return try continued(match, request, tokens, clock) {
          isSilent = false
          emit($0)
        }
      } catch {
        guard isSilent, try lookup.rejects(match, error) else { throw error }
      }
    }
    return try prefilled(request, tokens, clock, emit: emit)
  }

  private func tokens(of request: Request, after document: StoredDocument?) throws -> [Int] {
    switch request.prompt {
    case .chat(let turns):
      return try Prompt.conversation(turns, after: document, model: model)
    case .text(let text):
      guard !text.isEmpty else { throw PromptError.empty(source: "the prompt") }
      guard let document else {
        return try Prompt.opening(text, usesChat: false, model: model)
      }
      guard document.form == .plain else {
        throw ConversationError.chatDocument(name: document.name)
      }
      let rest = BoundaryRetokenization(
        after: document.tokens, with: text, tokenizer: model.tokenizer)
      return document.tokens.dropLast(rest.dropped) + rest.tokens
    }
  }

  /// A named context of the store. Only its metadata are read.
  private func document(_ name: StoreName) throws -> StoredDocument {
    guard let store else { throw ConversationError.noStore(context: name.description) }
    do {
      let entry = try store.entry(name)
      _ = try model.proof(of: entry.identity, path: store.path(of: name), trusts: false)
      return try StoredDocument(name, store)
    } catch let error as MalformedFile {
      if try !store.mayBeIncomplete(name) { try setAside(name, error) }
      throw error
    }
  }

  /// A damaged context without a parent, if its tokens can still be read.
  func document(unproven name: StoreName) -> StoredDocument? {
    guard let store, let entry = try? store.entry(name), entry.parent == nil else { return nil }
    return try? StoredDocument(name, store)
  }

  /// Moves a damaged snapshot out of the way, and reports it.
  func setAside(_ name: StoreName, _ error: any Error) throws {
    guard let store else { return }
    let moved = try store.quarantine(name)
    report(
      "\(error); moved to \(store.quarantinePath): "
        + moved.map(\.description).joined(separator: ", "))
  }
}
