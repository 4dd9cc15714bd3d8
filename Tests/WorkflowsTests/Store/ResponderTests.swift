import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import Inference
import QFilters
import TestSupport
import Testing

@testable import Workflows

/// Conversations with a tiny model in float32, with a store and without one.
@Suite("Answers with a store are those without one")
struct ResponderTests {
  let scratch: ScratchFolder
  let model: LoadedModel
  let source: ScorerSource

  init() throws {
    scratch = try ScratchFolder()
    model = try LoadedModel(path: Fixtures.path("models/tiny-llama-f32.gguf"), isExact: true)
    source = try #require(ScorerSource(.keyDiff, bank: nil, seed: 0))
  }

  func store(limit: UInt64? = nil) throws -> Store {
    try Store(path: scratch.path("store"), limit: limit)
  }

  func responder(
    _ store: Store?, report: @escaping (String) -> Void = { _ in }
  ) throws -> Responder {
    try Responder(
      model, store: store, ranking: source, precision: Precision(.float32), report: report)
  }

  func request(_ turns: [String], tokens: Int = 8) -> Responder.Request {
    Responder.Request(
      .chat(
        turns.enumerated().map {
          Transcript.Turn(role: $0.offset % 2 == 0 ? .user : .assistant, text: $0.element)
        }),
      generation: GenerationConfig(maximumTokens: tokens, sampling: Sampler.Options()))
  }

  func answer(_ responder: Responder, _ turns: [String]) throws -> Responder.Answer {
    try responder.answer(request(turns)) { _ in }
  }

  func text(_ words: Int, _ seed: Int) -> String {
    (0..<words).map { "w\(($0 * 7 + seed) % 10)" }.joined(separator: " ")
  }

  @Test("turn after turn, each of which reads what the last one saved")
  func conversation() throws {
    let (store, without) = (try store(), try responder(nil))
    var turns = [text(20, 1)]
    var cached = 0
    for turn in 0..<5 {
      // A new responder each time, as after a restart.
      let answer = try answer(try responder(store), turns)
      let expected = try self.answer(without, turns)
      #expect(answer.generation.ids == expected.generation.ids, "turn \(turn)")
      #expect(answer.promptTokens == expected.promptTokens)
      #expect(expected.cachedTokens == 0 && expected.saved == nil)
      #expect(answer.cachedTokens >= cached)
      #expect(turn == 0 ? answer.cachedTokens == 0 : answer.cachedTokens > 20)
      cached = answer.cachedTokens
      _ = try answer.saved?.get()
      turns += [answer.generation.text, text(3, turn)]
    }
    let entries = try store.contents().entries
    #expect(entries.count == 5)
    #expect(entries.count { $0.parent == nil } == 1)
    // What a turn adds, and not what it continues.
    #expect(entries.reduce(0) { $0 + $1.count } < 2 * (entries.map(\.tokens).max() ?? 0))
  }

  /// The tiny model with a context of 4,096 tokens.
  private func modelOfLongContext() throws -> LoadedModel {
    var file = try bytes(of: Fixtures.path("models/tiny-llama-f32.gguf"))
    // The key, the type of its value, and the value.
    let key = try #require(file.firstRange(of: Array("llama.context_length".utf8)))
    file.replaceSubrange(key.upperBound + 4..<key.upperBound + 8, with: [0, 16, 0, 0])
    return try LoadedModel(path: scratch.write("long.gguf", file), isExact: true)
  }

  @Test("a long conversation is a short chain")
  func longConversation() throws {
    let (store, model) = (try store(), try modelOfLongContext())
    let precision = Precision(.float32)
    let without = try Responder(model, store: nil, ranking: source, precision: precision)
    var (turns, depths) = (["w1"], [Int]())
    for turn in 0..<20 {
      let request = request(turns, tokens: 2)
      let responder = try Responder(model, store: store, ranking: source, precision: precision)
      let answer = try responder.answer(request) { _ in }
      let expected = try without.answer(request) { _ in }
      #expect(answer.generation.ids == expected.generation.ids, "turn \(turn)")
      #expect(turn == 0 || answer.cachedTokens > 0)
      let name = try #require(try answer.saved?.get())
      depths.append(try SnapshotChain(path: store.path(of: name)).snapshots.count)
      turns += [answer.generation.text, "w\(turn % 10)"]
    }
    #expect(depths[16] == 17 && depths[17] == 2 && depths[19] == 4, "\(depths)")
    #expect(try store.verify { _, _, _ in }.isEmpty)
  }

  @Test("branches share what they have in common")
  func branches() throws {
    let (store, without) = (try store(), try responder(nil))
    let first = text(40, 3)
    let reply = try answer(try responder(store), [first]).generation.text
    for branch in 0..<3 {
      let turns = [first, reply, text(5, branch)]
      let answer = try answer(try responder(store), turns)
      let expected = try self.answer(without, turns)
      #expect(answer.generation.ids == expected.generation.ids)
      #expect(answer.cachedTokens > 40)
    }
    #expect(try store.contents().entries.count { $0.parent == nil } == 1)
  }

  @Test("a repeated question adds nothing to the store")
  func repeated() throws {
    let store = try store()
    let first = try answer(try responder(store), [text(40, 3)])
    let again = try answer(try responder(store), [text(40, 3)])
    #expect(again.generation.ids == first.generation.ids)
    #expect(again.cachedTokens == again.promptTokens - 1)
    #expect(try store.contents().entries.count == 1)
  }

  @Test("a document is named, or recognised by its text")
  func document() throws {
    let (store, name) = (try store(), try StoreName(given: "book"))
    let responder = try responder(store)
    let book = text(60, 5)
    let entry = try responder.prepare(name, text: Array(book.utf8)) { _, _, _ in }
    #expect(throws: StoreRefusal.self) {
      try responder.prepare(name, text: Array(book.utf8)) { _, _, _ in }
    }
    var named = request(["why?"])
    named.context = name
    let byName = try responder.answer(named) { _ in }
    let byText = try answer(responder, [book + "\n\nwhy?"])
    let expected = try answer(self.responder(nil), [book + "\n\nwhy?"])
    #expect(byName.generation.ids == expected.generation.ids)
    #expect(byName.promptTokens == expected.promptTokens)
    #expect(byText.generation.ids == expected.generation.ids)
    #expect(byName.cachedTokens >= entry.tokens - 4)
    named.context = try StoreName(given: "other")
    #expect(throws: StoreRefusal.self) { try responder.answer(named) { _ in } }
  }

  @Test("what attended to ×8 is not used for the whole cache")
  func modes() throws {
    let (store, name) = (try store(), try StoreName(given: "book"))
    let responder = try responder(store)
    _ = try responder.prepare(name, text: Array(text(120, 5).utf8)) { _, _, _ in }
    var compressed = request(["why?"])
    (compressed.context, compressed.mode) = (name, .compressed(8))
    let first = try responder.answer(compressed) { _ in }
    #expect(first.saved != nil)
    var whole = compressed
    whole.mode = .whole
    let answer = try responder.answer(whole) { _ in }
    let expected = try self.answer(self.responder(nil), [text(120, 5) + "\n\nwhy?"])
    #expect(answer.generation.ids == expected.generation.ids)
    // Only the document, not the turn at ×8.
    #expect(answer.cachedTokens < first.promptTokens - 2)
    // A repeated question is computed again: from the store, ×8 would leave out pairs of it.
    let again = try responder.answer(compressed) { _ in }
    #expect(again.generation.ids == first.generation.ids)
    #expect(again.cachedTokens == first.cachedTokens)
    let repeated = try responder.answer(whole) { _ in }
    #expect(repeated.cachedTokens == repeated.promptTokens - 1)
  }

  @Test("plain text is not continued as a chat, nor a chat as plain text")
  func plain() throws {
    let store = try store()
    var request = request([])
    request.prompt = .text(Array(text(50, 1).utf8))
    let first = try responder(store).answer(request) { _ in }
    request.prompt = .text(Array((text(50, 1) + first.generation.text + " w1").utf8))
    let second = try responder(store).answer(request) { _ in }
    #expect(second.cachedTokens > 40)
    let expected = try responder(nil).answer(request) { _ in }
    #expect(second.generation.ids == expected.generation.ids)
    let entries = try store.contents().entries
    #expect(entries.allSatisfy { $0.promptForm == .plain })
  }

  @Test("an answer that nobody waits for ends before its first token")
  func abandoned() throws {
    let store = try store()
    var request = request([text(40, 3)])
    request.isAbandoned = { true }
    #expect(throws: CancellationError.self) { try responder(store).answer(request) { _ in } }
    #expect(try store.contents().entries.isEmpty)
  }

  @Test("the question must come last, and a system message first")
  func order() throws {
    let responder = try responder(nil)
    for turns in [["a", "b"], []] {
      #expect(throws: ConversationError.self) { try answer(responder, turns) }
    }
    var request = request(["a"])
    request.prompt = .chat([
      Transcript.Turn(role: .user, text: "a"), Transcript.Turn(role: .system, text: "b"),
    ])
    #expect(throws: ConversationError.self) { try responder.answer(request) { _ in } }
    request.prompt = .text(Array(text(600, 1).utf8))
    #expect(throws: ConversationError.self) { try responder.answer(request) { _ in } }
  }
}
