import CInferenceKernels
import Dispatch
import Glibc
import Synchronization

/// Threads that stay, so that a step of a few microseconds can be shared.
///
/// Between steps they do errands, if there are any, or spin for a moment and then sleep: steps follow
/// each other closely while a model runs, and waking a thread takes longer than many of them. A thread
/// that is not there in time is not waited for.
@safe final class ThreadPool: @unchecked Sendable {
  typealias Body = @Sendable (_ worker: Int, _ item: Int) -> Void
  /// A piece of work that takes long, compared to steps; false if there was none left.
  typealias BackgroundTask = @Sendable () -> Bool

  /// A helper's way to sleep. Whoever takes `isAsleep` back decides: the caller then signals, the
  /// helper itself goes on without.
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
  /// The step's generation in the upper half, whether it may still be joined, and how many helpers did.
  private let state = Atomic<UInt64>(0)
  private let next = Atomic(0)
  /// Read only by helpers that have joined; written only while none has.
  private var items = 0
  private var body: UnsafePointer<Body>?
  private let backgroundTask = Mutex<(number: Int, backgroundTask: BackgroundTask?)>((0, nil))
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
          wakeHelpers()
          work(worker: 0)
          state.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
          waitForHelpers()
          unsafe self.body = nil
        }
      }
    }
  }

  /// Gives helpers something to do between steps: `backgroundTask` is called again and again, by several at the
  /// same time, until it returns false. It takes the place of one that was given before.
  func runInBackground( @escaping BackgroundTask) {
    guard !parked.isEmpty else { return }
    self.backgroundTask.withLock {
      $0 = ($0.number + 1, backgroundTask)
      hasBackgroundTask.store(true, ordering: .sequentiallyConsistent)
    }
    wakeHelpers()
  }

  private func wakeHelpers() {
    for worker in parked where worker.isAsleep.exchange(false, ordering: .sequentiallyConsistent) {
      worker.semaphore.signal()
    }
  }

  /// Does a piece of the backgroundTask, if there is one.
  private func runBackgroundTask() {
    let (number, present) = backgroundTask.withLock { $0 }
    guard let present, !present() else { return }
    backgroundTask.withLock {
      guard $0.number == number else { return }
      $0.backgroundTask = nil
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

  private func waitForHelpers() {
    var spins = 0
    while state.load(ordering: .acquiring) % Self.open != 0 {
      spins += 1
      if spins < Self.spins { ck_pause() } else { sched_yield() }
    }
  }

  private func help(worker: Int) -> Never {
    var seen: UInt64 = 0
    while true {
      waitForStep(after: seen, worker: parked[worker - 1])
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

  private func waitForStep(after seen: UInt64, worker parked: ParkedWorker) {
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
