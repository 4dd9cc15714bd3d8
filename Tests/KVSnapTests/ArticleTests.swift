import KVSnap
import TestSupport
import Testing

/// Listings of the articles in `KVSnap.docc`, which `make lint` compares with these lines.
@Suite("What the articles say of reading and writing holds")
struct ArticleTests {
  private let folder: ScratchFolder
  private let path: String
  private let cache = RandomCache(seed: 3)
  private let tokens = (0..<UInt32(RandomCache.tokens)).map(\.self)
  private let digests = [UInt8](repeating: 7, count: 128)

  init() throws {
    folder = try ScratchFolder()
    path = folder.path("book.kvsnap")
  }

  /// The first listings of "Writing a snapshot".
  private func description() throws -> NewSnapshot {
    var new = NewSnapshot(
      layers: 2, kvHeads: 3, keyLength: 4, valueLength: 6, tokens: tokens,
      identity: try ModelIdentity(values: digests))
    new.keyType = .float32
    new.valueType = .float32
    new.ranking = .method("k-norm")
    return new
  }

  private func write(_ new: NewSnapshot) throws -> UInt64 {
    let writer = try SnapshotWriter(path: path, new)
    for layer in 0..<new.layers {
      try writer.append(keys: cache.keys[layer], values: cache.values[layer])
    }
    let bytes = try writer.finish()
    return bytes
  }

  @Test("Reads what ×8 keeps of each layer")
  func readsLayers() throws {
    _ = try write(description())
    var pairs = 0
    func use(_ positions: [UInt32], _ keys: [Float], _ values: [Float]) {
      #expect(keys.count == positions.count * 4 && values.count == positions.count * 6)
      pairs += positions.count
    }
    let snapshot = try Snapshot(path: path)
    for layer in 0..<snapshot.layers {
      for head in try snapshot.layer(layer, compression: 8).heads {
        use(head.positions, head.keyFloats, head.valueFloats)
      }
    }
    let nextPosition = snapshot.tokenCount
    let counts = try (0..<2).flatMap { try snapshot.pairCounts(layer: $0, compression: 8) }
    #expect(nextPosition == 300 && pairs == counts.reduce(0, +) && pairs < 2 * 3 * 300 / 4)
    #expect(snapshot.identity == digests)
  }

  @Test("Asks before it reads")
  func asks() throws {
    var new = try description()
    new.ranking = .unranked
    _ = try write(new)
    let snapshot = try Snapshot(path: path)
    let canBeCompressed = snapshot.scorer != 0
    let counts = try snapshot.pairCounts(layer: 0)
    #expect(!canBeCompressed && counts == [300, 300, 300])
  }

  @Test("Tells what is wrong by its kind")
  func errors() {
    let path = folder.path("none.kvsnap")
    var said = ""
    func say(_ sentence: String) { said = sentence }
    do throws(SnapshotError) {
      try Snapshot.verify(path: path)
    } catch {
      switch error.kind {
      case .missing: say("no such file")
      case .malformed: say("damaged: \(error)")
      default: say("\(error)")
      }
    }
    #expect(said == "no such file")
  }

  @Test("Writes scores of its own")
  func scores() throws {
    var new = try description()
    new.ranking = .scores(scorer: 1 << 31, areShared: false)
    let writer = try SnapshotWriter(path: path, new)
    for layer in 0..<new.layers {
      try writer.append(
        keys: cache.keys[layer], values: cache.values[layer], scores: cache.scores[layer])
    }
    _ = try writer.finish()
    #expect(try Snapshot(path: path).scorer == 1 << 31)
  }

  @Test("Stores pairs in fewer bits")
  func precision() throws {
    var new = try description()
    let whole = try write(new)
    new.precision = "8:int8,int4"
    #expect(try write(new) < whole / 2)
  }

  @Test("Continues a snapshot, with the new pairs alone")
  func continues() throws {
    _ = try write(description())
    let answer = (0..<UInt32(50)).map(\.self)
    let parent = try Snapshot(path: path)
    var turn = try description()
    turn.tokens = parent.tokens + answer
    turn.parent = parent
    let writer = try SnapshotWriter(path: folder.path("turn.kvsnap"), turn)
    #expect(writer.pairs == answer.count)
    let pairs = RandomCache(seed: 4, pairs: writer.pairs)
    for layer in 0..<turn.layers {
      try writer.append(keys: pairs.keys[layer], values: pairs.values[layer])
    }
    _ = try writer.finish()
    #expect(try Snapshot(path: folder.path("turn.kvsnap")).tokenCount == 350)
  }

  @Test("Encrypts, and opens with the key")
  func encrypted() throws {
    let passphrase = Array("correct horse battery staple".utf8)
    var new = try description()
    new.keys = [try SnapshotKey(passphrase: passphrase)]
    _ = try write(new)
    let key = try SnapshotKey(passphrase: passphrase)
    let snapshot = try Snapshot(path: path, keys: [key])
    #expect(snapshot.tokens == tokens)
    #expect(throws: SnapshotError.self) { try Snapshot(path: path) }
  }
}
