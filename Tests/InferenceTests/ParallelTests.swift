import Synchronization
import Testing

@testable import Inference

@Suite("Work on all cores")
struct ParallelTests {
  @Test("every item is done once, even when several threads ask at the same time")
  func everyItemOnce() async {
    await withTaskGroup(of: Void.self) { group in
      for caller in 0..<4 {
        group.addTask {
          for items in [0, 1, 2, 3, 100, 1000 + caller] {
            let seen = Mutex([Int](repeating: 0, count: items))
            Parallel.forEach(items) { worker, item in
              #expect((0..<Parallel.workers).contains(worker))
              seen.withLock { $0[item] += 1 }
            }
            #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
          }
        }
      }
    }
  }

  @Test("helpers that went to sleep come back, and never start on work that is over")
  func sleepingHelpers() async throws {
    for _ in 0..<20 {
      try await Task.sleep(for: .milliseconds(5))
      let sum = Mutex(0)
      for _ in 0..<50 { Parallel.forEach(7) { _, item in sum.withLock { $0 += item } } }
      #expect(sum.withLock { $0 } == 50 * 21)
    }
  }

  private final class Tasks: Sendable {
    let left: Atomic<Int>
    let done = Atomic(0)

    init(_ count: Int) { left = Atomic(count) }

    func doOne() -> Bool {
      guard left.subtract(1, ordering: .relaxed).oldValue > 0 else { return false }
      done.add(1, ordering: .relaxed)
      return true
    }
  }

  @Test(
    "background tasks run between steps until none is left, and steps continue at the same time")
  func backgroundTasks() async throws {
    let pool = ThreadPool(helpers: 2)
    for count in 1...40 {
      let tasks = Tasks(count)
      pool.runInBackground(tasks.doOne)
      let sum = Mutex(0)
      for _ in 0..<50 { pool.run(items: 7) { _, item in sum.withLock { $0 += item } } }
      #expect(sum.withLock { $0 } == 50 * 21)
      for _ in 0..<2_000 where tasks.done.load(ordering: .relaxed) < count {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(tasks.done.load(ordering: .relaxed) == count)
    }
  }

  @Test("ranges cover everything once, the last one being shorter")
  func ranges() {
    let seen = Mutex([Range<Int>]())
    Parallel.forEachRange(of: 10, size: 4) { _, range in seen.withLock { $0.append(range) } }
    let sorted = seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(sorted == [0..<4, 4..<8, 8..<10])
  }
}
