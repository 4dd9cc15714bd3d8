import CInferenceKernels
import Dispatch
import Platform
import Synchronization

/// Threads that stay, so that a step of a few microseconds can be shared.
///
/// Between steps they run a background task, if there is one, or spin for a moment and then park.
/// Steps follow each other closely while a model runs, and waking a thread takes longer than many
/// of them. A thread that is not there in time is not waited for.
///
/// Memory order. `items` and `body` are plain memory that `state` guards:
/// - `run` writes them before it opens a step, which is a sequentially consistent store. A worker
///   joins with an acquiring compare-and-exchange of the same step's `state`, so it sees them.
///   `next` is reset before that store too, and needs no order of its own.
/// - A worker leaves with a releasing subtraction, after its last item. `run` first closes the
///   step, so that nobody else joins, and then waits with acquiring loads until no worker is in. It
///   sees all that the workers wrote, and only then are `items` and `body` written again.
/// - A worker that parks stores `isAsleep` and then loads `state` and `hasBackgroundTask`. Whoever
///   gives work stores those and then exchanges `isAsleep`. All are sequentially consistent, so one
///   of the two sees the other, and no worker sleeps through a step. The one that takes `isAsleep`
///   back decides who wakes, so that no signal is left over.
///
/// The thread sanitizer does not see the locks of `Mutex`, and reports what they guard. With a
/// `pthread_mutex_t` in their place it finds no race in the pool.
@safe final class ThreadPool: @unchecked Sendable {
  typealias Body = @Sendable (_ worker: Int, _ item: Int) -> Void
  /// A piece of work that takes long, compared to steps; false if there was none left.
  typealias BackgroundTask = @Sendable () -> Bool

  /// How a worker sleeps. Whoever takes `isAsleep` back decides: the caller then signals, the
  /// worker itself continues without.
  private final class ParkedWorker: Sendable {
    let isAsleep = Atomic(false)
    let semaphore = DispatchSemaphore(value: 0)
  }

  private static let spins = 2_000
  private static let open: UInt64 = 1 << 31
  private static let generation: UInt64 = 1 << 32

  private let parked: [ParkedWorker]
  /// One step at a time.
  private let turn = Mutex(())
  /// The step's generation in the upper half, whether it may still be joined, and how many workers
  /// did.
  private let state = Atomic<UInt64>(0)
  private let next = Atomic(0)
  /// Read only by workers that have joined; written only while none has.
  private var items = 0
  private var body: UnsafePointer<Body>?
  private let background = Mutex<(number: Int, task: BackgroundTask?)>((0, nil))
  private let hasBackgroundTask = Atomic(false)

  /// Starts `helpers` threads, which live as long as the process.
  init(helpers: Int) {
    parked = (0..<helpers).map { _ in ParkedWorker() }
    for index in 0..<helpers {
      let thread = Thread(pool: self, worker: index + 1)
      var id = pthread_t()
      let context = unsafe Unmanaged.passRetained(thread).toOpaque()
      let failed = unsafe pthread_create(
        &id, nil,
        { context in
          guard let context = unsafe context else { return nil }
          let thread = unsafe Unmanaged<Thread>.fromOpaque(context).takeRetainedValue()
          thread.pool.help(worker: thread.worker)
        }, context)
      // Without the thread the others, or the caller alone, do its work.
      if failed != 0 { unsafe Unmanaged<Thread>.fromOpaque(context).release() }
    }
  }

  private final class Thread {
    let pool: ThreadPool
    let worker: Int

    init(pool: ThreadPool, worker: Int) {
      self.pool = pool
      self.worker = worker
    }
  }

  /// Calls `body` once for each item; must not be called from within a body.
  func run(items: Int, _ body: Body) {
    turn.withLock { _ in
      withoutActuallyEscaping(body) { body in
        unsafe withUnsafePointer(to: body) { pointer in
          self.items = items
          unsafe self.body = pointer
          next.store(0, ordering: .relaxed)
          let generation = state.load(ordering: .relaxed) / Self.generation + 1
          state.store(generation * Self.generation | Self.open, ordering: .sequentiallyConsistent)
          wakeWorkers()
          work(worker: 0)
          state.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
          waitForWorkers()
          unsafe self.body = nil
        }
      }
    }
  }

  /// Gives workers something to do between steps: `task` is called again and again, by several at
  /// the same time, until it returns false. It replaces a task that was given before.
  func runInBackground(_ task: @escaping BackgroundTask) {
    guard !parked.isEmpty else { return }
    background.withLock {
      $0 = ($0.number + 1, task)
      hasBackgroundTask.store(true, ordering: .sequentiallyConsistent)
    }
    wakeWorkers()
  }

  private func wakeWorkers() {
    for worker in parked where worker.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
      worker.semaphore.signal()
    }
  }

  /// Does a piece of the background task, if there is one.
  private func runBackgroundTask() {
    let (number, task) = background.withLock { $0 }
    guard let task, !task() else { return }
    background.withLock {
      guard $0.number == number else { return }
      $0.task = nil
      hasBackgroundTask.store(false, ordering: .sequentiallyConsistent)
    }
  }

  @inline(never) private func work(worker: Int) {
    guard let body = unsafe body else { return }
    while true {
      let item = next.add(1, ordering: .relaxed).oldValue
      guard item < items else { return }
      unsafe body.pointee(worker, item)
    }
  }

  private func waitForWorkers() {
    var spins = 0
    while state.load(ordering: .acquiring) % Self.open != 0 {
      spins += 1
      if spins < Self.spins { ck_pause() } else { sched_yield() }
    }
  }

  private func help(worker: Int) -> Never {
    var seen: UInt64 = 0
    while true {
      waitForStep(after: seen, parked: parked[worker - 1])
      var now = state.load(ordering: .acquiring)
      seen = now / Self.generation
      while now / Self.generation == seen, now & Self.open != 0 {
        let (joined, current) = state.compareExchange(
          expected: now, desired: now + 1, ordering: .acquiringAndReleasing)
        if joined {
          work(worker: worker)
          state.subtract(1, ordering: .releasing)
          break
        }
        now = current
      }
    }
  }

  private func waitForStep(after seen: UInt64, parked: ParkedWorker) {
    func isNew() -> Bool {
      state.load(ordering: .sequentiallyConsistent) / Self.generation != seen
    }
    var spins = 0
    while spins < Self.spins {
      if isNew() { return }
      if hasBackgroundTask.load(ordering: .relaxed) {
        runBackgroundTask()
        spins = 0
      } else {
        ck_pause()
        spins += 1
      }
    }
    parked.isAsleep.store(true, ordering: .sequentiallyConsistent)
    let isCalled = isNew() || hasBackgroundTask.load(ordering: .sequentiallyConsistent)
    let wakesItself = isCalled && parked.isAsleep.exchange(false, ordering: .sequentiallyConsistent)
    if !wakesItself { parked.semaphore.wait() }
  }
}
