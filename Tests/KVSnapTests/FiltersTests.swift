import KVSnap
import TestSupport
import Testing

@Suite("Other programs read and write filter banks")
struct FiltersTests {
  private static func model(_ byte: UInt8 = 5) throws -> ModelIdentity {
    try ModelIdentity(values: [UInt8](repeating: byte, count: 128))
  }

  private static func filters(_ values: [Float], model: ModelIdentity) throws -> Filters {
    try Filters(layers: 2, kvHeads: 3, headLength: 4, values: values, model: model)
  }

  /// Filters that measure the first number of a key.
  private static let first = (0..<24).map { Float($0 % 4 == 0 ? 1 : 0) }

  @Test("What was written is read")
  func roundTrip() throws {
    let (folder, model) = (try ScratchFolder(), try Self.model())
    let path = folder.path("own.qfilt")
    let filters = try Self.filters((0..<24).map(Float.init), model: model)
    let size = try filters.write(to: path)
    try Snapshot.verify(path: path)
    let read = try Filters(path: path)
    #expect(size > 0 && read == filters)
    #expect((read.layers, read.kvHeads, read.headLength) == (2, 3, 4))
    #expect(read.values == (0..<24).map(Float.init))
    #expect(read.identity == [UInt8](repeating: 5, count: 128))
  }

  @Test("What a bank holds apart from filters stays in a copy")
  func copy() throws {
    let folder = try ScratchFolder()
    let original = Fixtures.path("conformance/valid/filters-with-linear-score.qfilt")
    let (bank, path) = (try Filters(path: original), folder.path("copy.qfilt"))
    _ = try bank.write(to: path)
    #expect(try Filters(path: path) == bank)
    let plain = try Filters(
      layers: bank.layers, kvHeads: bank.kvHeads, headLength: bank.headLength,
      values: bank.values, model: ModelIdentity(values: bank.identity))
    #expect(plain != bank)
  }

  @Test("A written bank ranks: pairs with the highest products stay")
  func ranks() throws {
    let (folder, model) = (try ScratchFolder(), try Self.model())
    let (bank, path) = (folder.path("own.qfilt"), folder.path("cache.kvsnap"))
    _ = try Self.filters(Self.first, model: model).write(to: bank)
    let cache = RandomCache(seed: 7)
    var new = NewSnapshot(
      layers: 2, kvHeads: 3, keyLength: 4, valueLength: 6,
      tokens: (0..<UInt32(RandomCache.tokens)).map(\.self), identity: model)
    (new.keyType, new.valueType, new.ranking) = (.float32, .float32, .filters(path: bank))
    let writer = try SnapshotWriter(path: path, new)
    for layer in 0..<2 {
      try writer.append(keys: cache.keys[layer], values: cache.values[layer])
    }
    _ = try writer.finish()
    let (whole, snapshot) = (0..<UInt32(RandomCache.tokens), try Snapshot(path: path))
    for layer in 0..<2 {
      for (head, pairs) in try snapshot.layer(layer, compression: 2).heads.enumerated() {
        #expect(pairs.positions.count == RandomCache.tokens / 2)
        let score = { (position: UInt32) in
          let key = cache.pair(layer, head, at: Int(position)).keys
          return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(key[$1]) << (8 * $1) })
        }
        // Sinks and window stay, and every fourth other place goes to the newest pair.
        let ranked = pairs.positions.filter { (4..<236).contains($0) }.map(score).sorted()
        let dropped = whole.filter { !pairs.positions.contains($0) }.map(score)
        let worst = try #require(ranked.dropFirst(ranked.count / 4 + 1).first)
        #expect(try worst >= #require(dropped.max()))
      }
    }
    new.identity = try Self.model(6)
    #expect { try SnapshotWriter(path: path, new) } throws: {
      ($0 as? SnapshotError)?.kind == .identity
    }
  }

  @Test("What is no bank is rejected with a sentence")
  func wrong() throws {
    let (folder, model) = (try ScratchFolder(), try Self.model())
    let files = try ModelIdentity(
      values: nil, files: [.init(role: 1, digest: [UInt8](repeating: 1, count: 32))])
    func kind(_ body: () throws -> Filters) -> SnapshotError.Kind? {
      #expect(throws: SnapshotError.self) { try body() }?.kind
    }
    #expect(kind { try Self.filters([1], model: model) } == .usage)
    #expect(kind { try Self.filters(Self.first, model: files) } == .usage)
    #expect(kind { try Self.filters([.nan] + Self.first.dropFirst(), model: model) } == .other)
    let huge = Int(UInt32.max)
    for sizes in [(0, 1, 1), (huge, huge, huge)] {
      let filters = {
        try Filters(
          layers: sizes.0, kvHeads: sizes.1, headLength: sizes.2, values: [], model: model)
      }
      #expect(kind(filters) == .usage)
    }
    #expect(kind { try Filters(path: folder.path("none.qfilt")) } == .missing)
    for name in ["filters-huge", "filters-nan", "header-cut", "directory-overlap"] {
      let path = Fixtures.path("conformance/invalid/\(name).qfilt")
      #expect(kind { try Filters(path: path) } == .malformed)
    }
    #expect(
      kind { try Filters(path: Fixtures.path("conformance/valid/f16.kvsnap")) } == .malformed)
  }
}
