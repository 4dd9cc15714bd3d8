import Dispatch
import Glibc
import Synchronization

/// Work spread over the processor's cores.
enum Parallel {
  /// How many threads take part.
  static let workers = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  private final class Counter: Sendable {
    let next = Atomic<Int>(0)
  }

  /// Calls `body` once for each item, on all cores; returns when all are done. `worker` tells apart
  /// the calls that run at the same time, for scratch memory.
  ///
  /// Which worker takes which item is left to chance: results must not depend on it.
  static func forEach(_ items: Int, _ body: @Sendable (_ worker: Int, _ item: Int) -> Void) {
    let workers = min(workers, items)
    guard workers > 1 else {
      for item in 0..<items { body(0, item) }
      return
    }
    let counter = Counter()
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let item = counter.next.add(1, ordering: .relaxed).oldValue
        guard item < items else { return }
        body(worker, item)
      }
    }
  }
}
