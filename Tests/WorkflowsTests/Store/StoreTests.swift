import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import Inference
import QFilters
import TestSupport
import Testing

@testable import Workflows

@Suite("A store finds, keeps and removes snapshots")
struct StoreTests {
  let scratch: ScratchFolder
  let model: LoadedModel
  let source: ScorerSource

  init() throws {
    scratch = try ScratchFolder()
    model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf"))
    source = try #require(ScorerSource(.keyDiff, bank: nil, seed: 0))
  }

  private func store(limit: UInt64? = nil, keys: KeyRing = .none) throws -> Store {
    try Store(path: scratch.path("store"), keys: keys, limit: limit)
  }

  @discardableResult
  private func say(_ store: Store, _ text: String, after context: StoreName? = nil) throws
    -> StoreName
  {
    var request = Responder.Request(
      .chat([Transcript.Turn(role: .user, text: text)]),
      generation: GenerationConfig(maximumTokens: 3, sampling: Sampler.Options()))
    request.context = context
    let answer = try Responder(model, store: store, ranking: source).answer(request) { _ in }
    return try #require(try answer.saved?.get())
  }

  private func words(_ seed: Int) -> String {
    (0..<50).map { "w\(($0 * seed) % 10)" }.joined(separator: " ")
  }

  @Test("names are no paths", arguments: ["", ".", "..", "a/b", "~x", "-a", "a b", "é", "a\u{0}b"])
  func badNames(name: String) {
    #expect(throws: StoreRefusal.self) { try StoreName(given: name) }
  }

  @Test("the longest unused turns go first, and what others continue stays")
  func eviction() throws {
    let store = try store()
    let roots = try (1...4).map { try say(store, words($0)) }
    let child = try say(store, "more", after: roots[0])
    let sizes = try store.contents()
    // The first is continued, and the second is used again.
    Folder.touch(store.path(of: roots[1]))
    let small = try self.store(limit: sizes.bytes - 1)
    #expect(try small.collect() == [roots[2]])
    let none = try self.store(limit: 1)
    let removed = try none.collect()
    #expect(Set(removed) == [roots[0], roots[1], roots[3], child])
    #expect(removed.firstIndex(of: child) ?? 9 < removed.firstIndex(of: roots[0]) ?? 0)
  }

  @Test("documents and named turns are not evicted")
  func named() throws {
    let store = try store(limit: 1)
    let responder = try Responder(model, store: try self.store(), ranking: source)
    let name = try StoreName(given: "book")
    _ = try responder.prepare(name, text: Array(words(3).utf8)) { _, _, _ in }
    #expect(try store.collect().isEmpty)
    #expect(try store.contents().entries.map(\.name) == [name])
  }

  @Test("a snapshot that is being continued is not removed")
  func locked() throws {
    let store = try store()
    let name = try say(store, words(1))
    let match = try store.match(name)
    #expect(throws: StoreRefusal.self) { try store.remove(name) }
    #expect(try self.store(limit: 1).collect().isEmpty)
    withExtendedLifetime(match) {}
    _ = consume match
    #expect(try store.remove(name) == [name])
    #expect(try store.contents().entries.isEmpty)
  }

  @Test("rm rejects what others continue, unless they go, too")
  func removal() throws {
    let store = try store()
    let root = try say(store, words(1))
    let child = try say(store, "more", after: root)
    #expect(throws: StoreRefusal.self) { try store.remove(root) }
    #expect(try store.remove(root, withChildren: true) == [root, child])
  }

  @Test("a context is exported as one snapshot, which can be added again")
  func exported() throws {
    let store = try store()
    let root = try say(store, words(1))
    let child = try say(store, "more", after: root)
    let out = scratch.path("one.kvsnap")
    _ = try store.export(child, to: out) { _, _, _ in }
    let entry = try store.add(out, as: StoreName(given: "one"))
    let tokens = try store.entry(child).tokens
    #expect(entry.parent == nil && entry.tokens == tokens)
    #expect(throws: StoreRefusal.self) { try store.add(out, as: StoreName(given: "one")) }
    _ = try store.add(out, as: StoreName(given: "one"), replaces: true)
    #expect(throws: StoreRefusal.self) {
      try store.add(store.path(of: child), as: StoreName(given: "two"))
    }
  }

  @Test("an encrypted store opens with its key alone, and forgets")
  func encrypted() throws {
    let secret = try #require(Secret(keyFile: [UInt8](repeating: 7, count: 32)))
    let store = try store(keys: KeyRing([secret]))
    let root = try say(store, words(1))
    let child = try say(store, "more", after: root)
    let kept = try bytes(of: store.path(of: root))
    #expect(try self.store().contents().entries.isEmpty)
    #expect(try self.store().contents().problems.count == 2)
    // Without the key nothing is used, and nothing is taken for damaged.
    let other = try self.store()
    try say(other, words(1))
    #expect(!Folder.exists(other.quarantinePath))
    #expect(try store.forget(root) == [root, child])
    #expect(!kept.isEmpty)
  }

  @Test("without its key, a conversation is not begun again, and nothing is removed")
  func otherKey() throws {
    let secret = try #require(Secret(keyFile: [UInt8](repeating: 7, count: 32)))
    let (store, name) = (try store(keys: KeyRing([secret])), try StoreName(given: "talk"))
    var conversation = try Conversation(in: store, name: name, mode: .whole)
    _ = try conversation.ask(
      "w1", Responder(model, store: store, ranking: source),
      GenerationConfig(maximumTokens: 3, sampling: Sampler.Options())
    ) { _ in }
    let other = try self.store()
    #expect(throws: KeyProblem.self) { try Conversation(in: other, name: name, mode: .whole) }
    #expect(throws: KeyProblem.self) { try other.remove(StoreName(turn: 1, of: name)) }
  }

  @Test("a file that is being copied is left alone, and found when it is complete")
  func copied() throws {
    let store = try store()
    let name = try say(store, words(1))
    let whole = try bytes(of: store.path(of: name))
    _ = try store.remove(name)
    let path = store.path(of: try StoreName(given: "copy"))
    try Data(whole.prefix(whole.count / 2)).write(to: URL(filePath: path))
    try say(store, words(2))
    #expect(Folder.isFile(path))
    try Data(whole).write(to: URL(filePath: path))
    #expect(try store.entry(StoreName(given: "copy")).tokens > 50)
  }

  @Test("two processes see each other's snapshots at once")
  func shared() throws {
    let (first, second) = (try store(), try store())
    let name = try say(first, words(1))
    #expect(try second.entry(name).tokens > 50)
    _ = try second.remove(name)
    #expect(throws: StoreRefusal.self) { try first.entry(name) }
  }
}
