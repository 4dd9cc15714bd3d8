import ByteIO
import CacheCodec
import CacheFormat
import Inference
import Logging
import QFilters
import Workflows

/// A job while it is done.
struct JobRun {
  private let job: Job
  private let setup: EngineThread.Setup
  private let shelf: ModelShelf
  private let isAbandoned: @Sendable () -> Bool

  init(
    _ job: Job, setup: EngineThread.Setup, shelf: ModelShelf,
    isAbandoned: @escaping @Sendable () -> Bool
  ) {
    (self.job, self.setup, self.shelf, self.isAbandoned) = (job, setup, shelf, isAbandoned)
  }

  /// Does the job, and sends its events.
  ///
  /// - Parameter isEnding: Whether the server ends, so that no job begins.
  func run(isEnding: Bool) {
    guard !isEnding else { return job.finish(.failed(.shuttingDown)) }
    guard !job.isAbandoned else { return job.finish(.failed(.abandoned)) }
    do {
      let store = try job.account.store()
      let model = try shelf.model(job.model)
      switch job.work {
      case .answer(let request): job.finish(.done(try answer(request, model, store)))
      case .prepare(let name, let text):
        guard let store else { throw ServeError.noStore }
        job.finish(.prepared(try prepare(name, text, model, store)))
      }
    } catch is CancellationError {
      job.finish(.failed(job.isAbandoned ? .abandoned : .shuttingDown))
    } catch {
      if (error as? ServeError) == nil { setup.logger.warning("\(logged(error))") }
      job.finish(.failed(setup.failures.error(error)))
    }
  }

  private func answer(
    _ request: CompletionRequest, _ model: LoadedModel, _ store: Store?
  ) throws -> AnswerSummary {
    var problems: [String] = []
    let responder = try Responder(model, store: store, ranking: ranking, precision: precision) {
      problems.append(setup.failures.redaction.shown($0))
      setup.logger.warning("\(logged($0))")
      setup.metrics.foundDamage(job.account)
    }
    let answer = try responder.answer(
      request.prepared(context: model.contextLength, isAbandoned: isAbandoned)
    ) { job.send(.text($0)) }
    var name: String?
    switch answer.saved {
    case .success(let saved): name = saved.description
    case .failure(let error):
      setup.logger.warning("\(logged(error))")
      problems.append(setup.failures.error(error).message)
    case nil: break
    }
    let ids = answer.generation.ids
    let summary = AnswerSummary(
      promptTokens: answer.promptTokens, cachedTokens: answer.cachedTokens, newTokens: ids.count,
      isWhole: answer.generation.stop == .end || answer.generation.stop == .string,
      firstTokenSeconds: answer.firstTokenSeconds, saved: name,
      problem: problems.isEmpty ? nil : problems.joined(separator: "; "))
    setup.metrics.answered(summary, of: job.account)
    return summary
  }

  private func prepare(
    _ name: StoreName, _ text: [UInt8], _ model: LoadedModel, _ store: Store
  ) throws -> StoreEntry {
    let responder = try Responder(model, store: store, ranking: ranking, precision: precision)
    return try responder.prepare(name, text: text, isAbandoned: isAbandoned) {
      job.send(.progress(phase: $0, done: $1, total: $2))
    }
  }

  private var ranking: ScorerSource {
    setup.banks[job.model.name].map { .qFilters($0.0, path: $0.path) } ?? .keys(KeyDiffScorer())
  }

  private var precision: Precision { Precision(setup.settings.isExact ? .float32 : .float16) }

  private func logged(_ problem: some Any) -> String {
    Log.line("\(problem)", account: job.account)
  }
}
