import Glibc
import Synchronization
import Testing

@testable import Workflows

@Suite("Which models of a zoo a run takes")
struct ZooSelectionTests {
  private let found = ["a.gguf", "b/c.Q8_0.gguf", "b/folder", "d/e/f.gguf", "g.gguf"].map {
    ModelFinder.Found(path: $0, bank: $0 + ".qfilt")
  }

  private func paths(_ patterns: String..., shard: Precompute.Shard = .whole) -> [String] {
    ZooSelection(found, excluding: patterns, shard: shard).taken.map(\.path)
  }

  @Test("a pattern matches a whole path, its last part, or a folder above")
  func patterns() {
    #expect(paths() == found.map(\.path))
    #expect(paths("*.Q8_0.gguf") == ["a.gguf", "b/folder", "d/e/f.gguf", "g.gguf"])
    #expect(paths("b/*", "d") == ["a.gguf", "g.gguf"])
    #expect(paths("d/e") == paths("f.gguf"))
    #expect(paths("[ag].gguf") == ["b/c.Q8_0.gguf", "b/folder", "d/e/f.gguf"])
    #expect(paths("older", "e/f.gguf", "A.gguf") == found.map(\.path))
    #expect(paths("*").isEmpty)
  }

  @Test("shards take each model once, and those that are left out count for none")
  func shards() {
    let parts = (1...2).map { paths("b/folder", shard: Precompute.Shard(index: $0, of: 2)) }
    #expect(parts == [["a.gguf", "d/e/f.gguf"], ["b/c.Q8_0.gguf", "g.gguf"]])
    #expect(paths(shard: Precompute.Shard(index: 7, of: 7)).isEmpty)
  }

  @Test("every model that is left out has a reason, and a pattern without a match is named")
  func reasons() {
    let selection = ZooSelection(
      found, excluding: ["b", "z*"], shard: Precompute.Shard(index: 1, of: 2))
    #expect(
      selection.skipped == [
        Zoo.Skipped(path: "b/c.Q8_0.gguf", reason: "excluded by b"),
        Zoo.Skipped(path: "b/folder", reason: "excluded by b"),
        Zoo.Skipped(path: "d/e/f.gguf", reason: "it is of shard 2/2"),
      ])
    #expect(selection.unused == ["z*"])
  }
}

@Suite("The progress of several models at a time")
struct ZooProgressTests {
  @Test("the first model in work is shown, with its name and number")
  func first() {
    let shown = Mutex<[String]>([])
    let progress = ZooProgress(["a.gguf", "b", "c.gguf"]) { what, done, total in
      shown.withLock { $0.append("\(what) \(done)/\(total)") }
    }
    progress.begin(1)
    progress.show(1, "calibrate", 2, 8)
    progress.begin(0)
    progress.show(1, "calibrate", 4, 8)
    progress.show(0, "load", 0, 1)
    progress.end(0) {}
    progress.show(1, "calibrate", 6, 8)
    #expect(
      shown.withLock { $0 } == [
        "b, 2 of 3: calibrate 2/8", "a.gguf, 1 of 3: load 0/1", "b, 2 of 3: calibrate 6/8",
      ])
  }

  @Test("every job runs once, at most as many at a time as was said", arguments: [1, 2, 5, 9])
  func jobs(number: Int) {
    let state = Mutex((done: Set<Int>(), now: 0, most: 0))
    ZooJobs.forEach(7, jobs: number) { item in
      state.withLock {
        #expect($0.done.insert(item).inserted)
        $0.now += 1
        $0.most = max($0.most, $0.now)
      }
      usleep(2_000)
      state.withLock { $0.now -= 1 }
    }
    let (done, now, most) = state.withLock { $0 }
    #expect(done == Set(0..<7) && now == 0 && most <= number)
  }
}
