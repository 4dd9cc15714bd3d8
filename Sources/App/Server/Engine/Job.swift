import Synchronization
import Workflows

/// Work for a model, and who waits for it.
final class Job: Identifiable, Sendable {
  /// What to do.
  enum Work: Sendable {
    /// An answer to a prompt.
    case answer(CompletionRequest)
    /// A context from a text.
    case prepare(name: StoreName, text: [UInt8])
  }

  /// What comes out, in order; the last is `done`, `prepared` or `failed`.
  enum Event: Sendable {
    /// More text of the answer; empty with a first token that is no whole character.
    case text(String)
    /// How much of a phase of the preparation is done.
    case progress(phase: String, done: Int, total: Int)
    /// The answer is complete.
    case done(AnswerSummary)
    /// The context is kept.
    case prepared(StoreEntry)
    /// There will be nothing more.
    case failed(ServeError)
  }

  let work: Work
  let model: ServerSettings.Model
  let account: Account
  let events: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation
  private let abandoned = Atomic(false)
  let enqueued = Stopwatch()

  init(_ work: Work, model: ServerSettings.Model, of account: Account) {
    (self.work, self.model, self.account) = (work, model, account)
    (events, continuation) = AsyncStream.makeStream()
  }

  /// Whether nobody waits for it any more.
  var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

  /// Notes that nobody waits for it any more.
  func abandon() { abandoned.store(true, ordering: .relaxed) }

  func send(_ event: Event) { continuation.yield(event) }

  /// Sends the last event.
  func finish(_ event: Event) {
    continuation.yield(event)
    continuation.finish()
  }
}

/// What is said of an answer after its text.
struct AnswerSummary: Sendable {
  let promptTokens: Int
  let cachedTokens: Int
  let newTokens: Int
  /// Whether the model, or a text that the client named, ended it.
  let isWhole: Bool
  let firstTokenSeconds: Double
  /// The context that holds the prompt and its answer.
  let saved: String?
  /// What went wrong without harm to the answer.
  let problem: String?
}
