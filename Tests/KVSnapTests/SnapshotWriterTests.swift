import KVSnap
import TestSupport
import Testing

@Suite("Other programs write snapshots layer by layer")
struct SnapshotWriterTests {
  private static let tokens = RandomCache.tokens

  private static func description(
    _ ranking: NewSnapshot.Ranking, tokens: Int = tokens
  ) throws -> NewSnapshot {
    var new = NewSnapshot(
      layers: 2, kvHeads: 3, keyLength: 4, valueLength: 6,
      tokens: (0..<UInt32(tokens)).map { $0 * 7 },
      identity: try ModelIdentity(values: [UInt8](repeating: 5, count: 128)))
    (new.keyType, new.valueType) = (.float32, .float32)
    new.ranking = ranking
    return new
  }

  private static func write(
    _ new: NewSnapshot, _ cache: RandomCache, to path: String
  ) throws -> UInt64 {
    let writer = try SnapshotWriter(path: path, new)
    for layer in 0..<2 {
      try writer.append(
        keys: cache.keys[layer], values: cache.values[layer],
        scores: writer.takesScores ? cache.scores[layer] : [])
    }
    return try writer.finish()
  }

  private static let rankings: [NewSnapshot.Ranking] = [
    .unranked, .method("k-norm"), .method("streaming-llm"), .method("keydiff"), .method("random"),
    .scores(scorer: 8, areShared: true), .scores(scorer: 1 << 31, areShared: false),
  ]

  @Test("What was written is read, whatever ranks it", arguments: rankings.indices)
  func whole(ranking: Int) throws {
    let folder = try ScratchFolder()
    let (path, cache) = (folder.path("cache.kvsnap"), RandomCache(seed: 1))
    let size = try Self.write(
      Self.description(Self.rankings[ranking]), cache, to: path)
    try Snapshot.verify(path: path)
    let snapshot = try Snapshot(path: path)
    #expect(size > 0 && snapshot.tokenCount == Self.tokens && snapshot.leastCompression == 1)
    #expect(snapshot.identity == [UInt8](repeating: 5, count: 128))
    for layer in 0..<2 {
      for (head, pairs) in try snapshot.layer(layer).heads.enumerated() {
        #expect(pairs.positions == (0..<UInt32(Self.tokens)).map(\.self))
        #expect(pairs.keys == cache.keys[layer][head])
        #expect(pairs.values == cache.values[layer][head])
      }
    }
  }

  @Test(
    "Own scores decide what ×8 keeps, of each head or of all heads together",
    arguments: [false, true])
  func ownScores(areShared: Bool) throws {
    let folder = try ScratchFolder()
    let (path, cache) = (folder.path("cache.kvsnap"), RandomCache(seed: 2))
    _ = try Self.write(
      Self.description(.scores(scorer: 8, areShared: areShared)), cache, to: path)
    let snapshot = try Snapshot(path: path)
    var total = 0
    for layer in 0..<2 {
      for (head, pairs) in try snapshot.layer(layer, compression: 8).heads.enumerated() {
        total += pairs.positions.count
        let protected = Set(0..<4).union(Self.tokens - (areShared ? 16 : 64)..<Self.tokens)
        let kept = pairs.positions.map(Int.init)
        #expect(protected.isSubset(of: kept))
        let scores = cache.scores[layer][head]
        let chosen = kept.filter { !protected.contains($0) }
        let dropped = (0..<Self.tokens).filter { !kept.contains($0) }
        let worst = chosen.map { scores[$0] }.sorted().dropFirst(chosen.count / 4 + 1).first
        let best = dropped.map { scores[$0] }.max()
        if let worst, let best { #expect(worst >= best) }
        for (index, position) in kept.enumerated() {
          let pair = cache.pair(layer, head, at: position)
          #expect(Array(pairs.keys[index * 16..<(index + 1) * 16]) == pair.keys)
          #expect(Array(pairs.values[index * 24..<(index + 1) * 24]) == pair.values)
        }
      }
    }
    #expect(total <= max(6 * (Self.tokens / 8), 6 * 68))
  }

  @Test("A turn continues a snapshot with its own pairs alone")
  func child() throws {
    let folder = try ScratchFolder()
    let cache = RandomCache(seed: 3)
    let turn = RandomCache(seed: 4, pairs: 50)
    let root = folder.path("root.kvsnap")
    _ = try Self.write(Self.description(.method("k-norm")), cache, to: root)
    var new = try Self.description(.method("k-norm"), tokens: Self.tokens + 50)
    new.parent = try Snapshot(path: root)
    _ = try Self.write(new, turn, to: folder.path("turn.kvsnap"))
    let snapshot = try Snapshot(path: folder.path("turn.kvsnap"))
    #expect(snapshot.tokenCount == Self.tokens + 50)
    for layer in 0..<2 {
      for (head, pairs) in try snapshot.layer(layer).heads.enumerated() {
        #expect(pairs.keys == cache.keys[layer][head] + turn.keys[layer][head])
        #expect(pairs.values == cache.values[layer][head] + turn.values[layer][head])
      }
    }
  }

  @Test("What follows an encrypted snapshot is encrypted by the same key")
  func encrypted() throws {
    let folder = try ScratchFolder()
    let key = try SnapshotKey(keyFile: [UInt8](repeating: 9, count: 32))
    var new = try Self.description(.unranked)
    new.keys = [key]
    _ = try Self.write(new, RandomCache(seed: 5), to: folder.path("root.kvsnap"))
    #expect(kind { _ = try Snapshot(path: folder.path("root.kvsnap")) } == .key)
    new = try Self.description(.unranked, tokens: Self.tokens + 50)
    new.parent = try Snapshot(path: folder.path("root.kvsnap"), keys: [key])
    _ = try Self.write(new, RandomCache(seed: 6, pairs: 50), to: folder.path("turn.kvsnap"))
    #expect(kind { _ = try Snapshot(path: folder.path("turn.kvsnap")) } == .key)
    #expect(try Snapshot(path: folder.path("turn.kvsnap"), keys: [key]).tokenCount == 350)
  }

  @Test("Precision by tiers is that of the command")
  func precision() throws {
    let folder = try ScratchFolder()
    let (path, cache) = (folder.path("cache.kvsnap"), RandomCache(seed: 7))
    var new = try Self.description(.method("k-norm"))
    new.precision = "8:f32,int4"
    _ = try Self.write(new, cache, to: path)
    let snapshot = try Snapshot(path: path)
    let best = try snapshot.layer(1, compression: 8).heads[2]
    for (index, position) in best.positions.enumerated() {
      let pair = cache.pair(1, 2, at: Int(position))
      #expect(Array(best.keys[index * 16..<(index + 1) * 16]) == pair.keys)
    }
    #expect(try snapshot.layer(1).heads[2].keys != cache.keys[1][2])
    new.precision = "transform"
    #expect(kind { _ = try SnapshotWriter(path: path, new) } == .usage)
    new.precision = "f16"
    #expect(kind { _ = try SnapshotWriter(path: path, new) } == .usage)
  }

  @Test("Equal input gives equal bytes")
  func equalBytes() throws {
    let folder = try ScratchFolder()
    for name in ["a", "b"] {
      _ = try Self.write(
        Self.description(.scores(scorer: 8, areShared: true)), RandomCache(seed: 8),
        to: folder.path(name))
    }
    #expect(try bytes(of: folder.path("a")) == bytes(of: folder.path("b")))
  }

  /// The kind of error that a body throws.
  private func kind(_ body: () throws -> Void) -> SnapshotError.Kind? {
    do {
      try body()
      return nil
    } catch { return (error as? SnapshotError)?.kind }
  }

  @Test("A description that no reader would accept is an error before any work")
  func wrongDescriptions() throws {
    let folder = try ScratchFolder()
    let path = folder.path("x.kvsnap")
    func rejected(_ change: (inout NewSnapshot) throws -> Void) throws -> SnapshotError.Kind? {
      var new = try Self.description(.unranked)
      try change(&new)
      return kind { _ = try SnapshotWriter(path: path, new) }
    }
    #expect(try rejected { $0.layers = 0 } == .usage)
    #expect(try rejected { $0.kvHeads = Int.max } == .usage)
    #expect(try rejected { $0.keyLength = -1 } == .usage)
    #expect(try rejected { $0.tokens = [] } == .usage)
    #expect(try rejected { $0.keyType = .q8_0 } == .usage)
    #expect(try rejected { $0.promptForm = 77 } == .usage)
    #expect(try rejected { $0.ranking = .method("kvzip") } == .usage)
    #expect(try rejected { $0.ranking = .scores(scorer: 1, areShared: true) } == .usage)
    #expect(try rejected { $0.ranking = .filters(path: folder.path("none")) } == .missing)
    #expect(try rejected { $0.precision = "int5" } == .usage)
    #expect(kind { _ = try ModelIdentity(values: nil) } == .usage)
    #expect(throws: SnapshotError.self) { try Snapshot(path: path) }
  }

  @Test("Wrong layers are errors, and an unfinished writer leaves nothing")
  func wrongLayers() throws {
    let folder = try ScratchFolder()
    let (path, cache) = (folder.path("x.kvsnap"), RandomCache(seed: 9))
    do {
      let writer = try SnapshotWriter(path: path, Self.description(.unranked))
      #expect(kind { _ = try writer.finish() } == .usage)
      #expect(kind { try writer.append(keys: [], values: []) } == .usage)
      let short = cache.keys[0].map { Array($0.dropLast()) }
      #expect(kind { try writer.append(keys: short, values: cache.values[0]) } == .usage)
      #expect(
        kind {
          try writer.append(
            keys: cache.keys[0], values: cache.values[0], scores: cache.scores[0])
        } == .usage)
      try writer.append(keys: cache.keys[0], values: cache.values[0])
    }
    #expect(kind { _ = try Snapshot(path: path) } == .missing)
    let writer = try SnapshotWriter(path: path, Self.description(.unranked))
    for layer in 0..<2 {
      try writer.append(keys: cache.keys[layer], values: cache.values[layer])
    }
    #expect(kind { try writer.append(keys: cache.keys[0], values: cache.values[0]) } == .usage)
    _ = try writer.finish()
    #expect(kind { _ = try writer.finish() } == .usage)
    try Snapshot.verify(path: path)
  }

  @Test("A writer finishes once, whatever ranks", arguments: rankings.indices)
  func finishedOnce(ranking: Int) throws {
    let folder = try ScratchFolder()
    let (path, cache) = (folder.path("x.kvsnap"), RandomCache(seed: 11))
    let writer = try SnapshotWriter(path: path, Self.description(Self.rankings[ranking]))
    for layer in 0..<2 {
      try writer.append(
        keys: cache.keys[layer], values: cache.values[layer],
        scores: writer.takesScores ? cache.scores[layer] : [])
    }
    _ = try writer.finish()
    #expect(kind { _ = try writer.finish() } == .usage)
    try Snapshot.verify(path: path)
  }

  @Test("Scores that are not finite rank nothing")
  func infiniteScores() throws {
    let folder = try ScratchFolder()
    let cache = RandomCache(seed: 10)
    let writer = try SnapshotWriter(
      path: folder.path("x.kvsnap"), Self.description(.scores(scorer: 8, areShared: true)))
    for layer in 0..<2 {
      var scores = cache.scores[layer]
      if layer == 1 { scores[2][17] = .nan }
      try writer.append(keys: cache.keys[layer], values: cache.values[layer], scores: scores)
    }
    #expect(kind { _ = try writer.finish() } == .other)
  }
}
