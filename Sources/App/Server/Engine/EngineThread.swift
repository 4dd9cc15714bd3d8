import ByteIO
import Dispatch
import Logging
import QFilters
import Workflows

/// The one thread that runs models. A model never leaves it.
final class EngineThread: Sendable {
  /// What the thread works with.
  struct Setup: Sendable {
    let settings: ServerSettings
    /// By the models' names.
    let banks: [String: (FilterBank, path: String)]
    let failures: Failures
    let metrics: ServerMetrics
    let logger: Logger
  }

  private let setup: Setup
  private let queue: JobQueue
  private let ended: AsyncStream<Never>
  private let end: AsyncStream<Never>.Continuation

  init(_ setup: Setup) {
    self.setup = setup
    queue = JobQueue(limit: setup.settings.queue)
    (ended, end) = AsyncStream.makeStream()
  }

  /// Begins to work.
  func start() {
    DispatchQueue(label: "engine", qos: .userInitiated).async { [self] in
      let shelf = ModelShelf(setup.settings)
      while let job = queue.next() {
        let clock = Stopwatch()
        setup.metrics.waited(job.enqueued.seconds, of: job.account)
        JobRun(job, setup: setup, shelf: shelf) { [queue] in job.isAbandoned || queue.isOverdue }
          .run(isEnding: queue.isClosed)
        queue.finished(after: clock.seconds)
      }
      end.finish()
    }
  }

  /// Lets a job wait for its turn.
  ///
  /// - Throws: `ServeError` if too many wait, or the server ends.
  func submit(_ job: Job) throws(ServeError) { try queue.append(job) }

  /// Notes that nobody waits for a job any more.
  func abandon(_ job: Job) { queue.abandon(job) }

  /// How many jobs of an account wait.
  func waiting(of account: Account) -> Int { queue.waiting(of: account) }

  /// Takes no more jobs, and ends when the running one is done, or its time is over.
  func shutDown(within time: Duration) { queue.close(within: time) }

  /// Returns when the thread has ended. Whoever calls this may be cancelled; the thread is not.
  func end() async {
    await Task.detached { [ended] in for await _ in ended {} }.value
  }
}
