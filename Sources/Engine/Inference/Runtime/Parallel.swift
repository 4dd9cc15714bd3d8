import CInferenceKernels
import Synchronization

/// Work spread over the processor's cores.
public enum Parallel {
  /// How many threads take part: one for each core that this process may run on.
  static let workers = max(1, ck_cores())

  private static let pool = ThreadPool(helpers: workers - 1)

  /// Calls `body` once for each item, on all cores; returns when all are done. `worker` tells apart
  /// the calls that run at the same time, for scratch memory. Not to be called from within a body.
  ///
  /// Which worker takes which item is left to chance: results must not depend on it.
  static func forEach(_ items: Int, _ body: @Sendable (_ worker: Int, _ item: Int) -> Void) {
    guard workers > 1, items > 1 else {
      for item in 0..<items { body(0, item) }
      return
    }
    pool.run(items: items, body)
  }

  /// Calls both, on two cores if there are two; returns when both are done. Not to be called from
  /// within a body, and neither may use all cores itself.
  public static func both(_ first: @Sendable () -> Void, _ second: @Sendable () -> Void) {
    forEach(2) { _, item in item == 0 ? first() : second() }
  }

  /// The same over ranges of at most `size` of `count` things.
  static func forEachRange(
    of count: Int, size: Int, _ body: @Sendable (_ worker: Int, _ range: Range<Int>) -> Void
  ) {
    forEach((count + size - 1) / size) { worker, item in
      body(worker, item * size..<min(count, (item + 1) * size))
    }
  }

  /// Whether `body` holds for all ranges of at most `size` of `count` things. It is called for each
  /// of them, on all cores, also after one failed.
  static func allSatisfy(
    rangesOf count: Int, size: Int, _ body: @Sendable (_ range: Range<Int>) -> Bool
  ) -> Bool {
    let holds = Atomic(true)
    forEachRange(of: count, size: size) { _, range in
      if !body(range) { holds.store(false, ordering: .relaxed) }
    }
    return holds.load(ordering: .relaxed)
  }

  /// Has the other cores do long pieces of work whenever the engine leaves them idle; with a single
  /// core, nothing happens. More threads than cores would take turns with the engine's instead.
  ///
  /// - Parameter task: One piece of it; false when there is none left. Called again and again, by
  ///   several threads at the same time. It replaces a task that is not done yet.
  public static func whenIdle(_ task: @escaping @Sendable () -> Bool) {
    pool.runInBackground(task)
  }
}
