import Dispatch
import Synchronization

/// Work on several models at a time.
enum ZooJobs {
  /// Calls `body` once for each number below `count`, in ascending order, at most `jobs` at a time.
  static func forEach(_ count: Int, jobs: Int, _ body: @escaping @Sendable (Int) -> Void) {
    guard jobs > 1 else { return (0..<count).forEach(body) }
    let next = Atomic(0)
    let group = DispatchGroup()
    withExtendedLifetime(group) {
      for _ in 0..<min(jobs, count) {
        // A queue of its own has a thread of its own.
        DispatchQueue(label: "zoo").async(group: group) {
          while case let item = next.add(1, ordering: .relaxed).oldValue, item < count {
            body(item)
          }
        }
      }
      group.wait()
    }
  }
}

/// Shows the progress of one model at a time: the first that is in work. All output of the jobs
/// goes through it, one after the other.
final class ZooProgress: Sendable {
  private let names: [String]
  private let show: @Sendable (_ what: String, _ done: Int, _ total: Int) -> Void
  private let inWork = Mutex<Set<Int>>([])

  /// - Parameter names: The models' names, in order.
  init(_ names: [String], show: @escaping @Sendable (String, Int, Int) -> Void) {
    (self.names, self.show) = (names, show)
  }

  /// Notes that a model is in work.
  func begin(_ index: Int) { inWork.withLock { _ = $0.insert(index) } }

  /// Shows a part of a model's work, such as "a.gguf, 3 of 12: calibrate".
  func show(_ index: Int, _ what: String, _ done: Int, _ total: Int) {
    inWork.withLock { inWork in
      guard inWork.min() == index else { return }
      show("\(names[index]), \(index + 1) of \(names.count): \(what)", done, total)
    }
  }

  /// Notes that a model is done, and reports it.
  func end(_ index: Int, report: () -> Void) {
    inWork.withLock { inWork in
      inWork.remove(index)
      report()
    }
  }
}
