import Dispatch
import Synchronization
import Workflows

/// Jobs between those who wait and the thread that does them one after the other.
final class JobQueue: Sendable {
  private struct State {
    var queue = FairQueue<Job>()
    var isRunning = false
    var isClosed = false
    /// A moving average of how long a job takes.
    var seconds = 1.0
    /// When running jobs are to end.
    var deadline: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  /// Signalled once for each job that comes, and when the queue is closed.
  private let changes = DispatchSemaphore(value: 0)
  private let limit: Int

  private static let weightOfLast = 0.3

  init(limit: Int) { self.limit = limit }

  /// Lets a job wait.
  ///
  /// - Throws: `ServeError` if too many of its account wait, or the server ends.
  func append(_ job: Job) throws(ServeError) {
    try state.withLock { state throws(ServeError) in
      guard !state.isClosed else { throw .shuttingDown }
      guard state.queue.count(of: job.account.id) < limit else {
        let jobs = state.queue.count + (state.isRunning ? 1 : 0)
        throw .queueFull(retryAfter: max(1, Int(min(3600, state.seconds * Double(jobs)))))
      }
      state.queue.append(job, of: job.account.id)
    }
    changes.signal()
  }

  /// Notes that nobody waits for a job any more. It leaves the queue, or ends soon.
  func abandon(_ job: Job) {
    job.abandon()
    let waiting = state.withLock { $0.queue.remove(job.id, of: job.account.id) }
    waiting?.finish(.failed(.abandoned))
  }

  /// The next job, as soon as there is one; nil after the queue was closed.
  func next() -> Job? {
    while true {
      let (job, isClosed) = state.withLock { state in
        let job = state.queue.popFirst()
        state.isRunning = job != nil
        return (job, state.isClosed)
      }
      if let job { return job }
      if isClosed { return nil }
      changes.wait()
    }
  }

  /// Notes that a job is done.
  func finished(after seconds: Double) {
    state.withLock {
      $0.isRunning = false
      $0.seconds += Self.weightOfLast * (seconds - $0.seconds)
    }
  }

  /// Rejects all that wait and all that come. The running job has some time to end.
  func close(within time: Duration) {
    let waiting = state.withLock { state in
      state.isClosed = true
      let deadline = ContinuousClock.now + time
      state.deadline = min(state.deadline ?? deadline, deadline)
      return state.queue.removeAll()
    }
    for job in waiting { job.finish(.failed(.shuttingDown)) }
    changes.signal()
  }

  /// Whether running jobs are to end at once.
  var isOverdue: Bool {
    state.withLock { $0.deadline.map { $0 < ContinuousClock.now } ?? false }
  }

  /// Whether the server ends.
  var isClosed: Bool { state.withLock(\.isClosed) }

  /// How many jobs of an account wait.
  func waiting(of account: Account) -> Int { state.withLock { $0.queue.count(of: account.id) } }
}
