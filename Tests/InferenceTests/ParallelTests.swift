import Synchronization
import TestSupport
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

  @Test("parked workers wake up, and never join a step that is over")
  func parkedWorkers() async throws {
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

  @Test("background tasks run between steps until none is left, while steps continue")
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

  /// Items write plain memory, as kernels do. Only the order that the pool gives makes it visible,
  /// first to the workers, then to the caller; the thread sanitizer reports what is missing.
  @Test("random mixtures of steps, pauses and background tasks lose nothing and repeat nothing")
  func stress() async throws {
    let pool = ThreadPool(helpers: 3)
    let places = try Matrix(rows: 40, columns: 1)
    for seed in UInt64(1)...6 {
      var random = SeededGenerator(seed: seed)
      var tasks = Tasks(0)
      for step in 0..<300 {
        let items = Int.random(in: 0...places.rows, using: &random)
        for row in 0..<places.rows { unsafe places.pointer(row: row).pointee = Float(step) }
        pool.run(items: items) { _, item in
          unsafe places.pointer(row: item).pointee += Float(item + 1)
        }
        let expected = (0..<places.rows).map { Float(step + ($0 < items ? $0 + 1 : 0)) }
        let isRight = (0..<places.rows).allSatisfy { places.row($0)[0] == expected[$0] }
        #expect(isRight, "seed \(seed), step \(step)")
        switch Int.random(in: 0..<30, using: &random) {
        case 0: try await Task.sleep(for: .microseconds(Int.random(in: 0...500, using: &random)))
        case 1:
          tasks = Tasks(Int.random(in: 1...60, using: &random))
          pool.runInBackground(tasks.doOne)
        default: break
        }
      }
      for _ in 0..<2_000 where tasks.left.load(ordering: .relaxed) > 0 {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(tasks.left.load(ordering: .relaxed) <= 0, "seed \(seed)")
    }
  }

  @Test("one range that fails is found, and all others are asked too", arguments: [0, 4, 9])
  func allSatisfy(place: Int) {
    let seen = Mutex(0)
    let holds = Parallel.allSatisfy(rangesOf: 10, size: 3) { range in
      seen.withLock { $0 += range.count }
      return !range.contains(place)
    }
    #expect(!holds && seen.withLock { $0 } == 10)
    #expect(Parallel.allSatisfy(rangesOf: 10, size: 3) { _ in true })
  }

  @Test("ranges cover everything once, the last one being shorter")
  func ranges() {
    let seen = Mutex([Range<Int>]())
    Parallel.forEachRange(of: 10, size: 4) { _, range in seen.withLock { $0.append(range) } }
    let sorted = seen.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(sorted == [0..<4, 4..<8, 8..<10])
  }
}
