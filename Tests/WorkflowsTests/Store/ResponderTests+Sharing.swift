import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import Inference
import QFilters
import TestSupport
import Testing

@testable import Workflows

/// Conversations that share a store.
extension ResponderTests {
  @Test("a conversation that changes its mode keeps its document")
  func changedMode() throws {
    let (store, name) = (try store(), try StoreName(given: "book"))
    let responder = try responder(store)
    _ = try responder.prepare(name, text: Array(text(120, 5).utf8)) { _, _, _ in }
    let own = try StoreName(given: "talk")
    do {
      var conversation = try Conversation(
        in: store, name: own, document: name, mode: .compressed(8))
      let options = GenerationConfig(maximumTokens: 3, sampling: Sampler.Options())
      for mode in [ResumeMode.compressed(8), .whole, .recalled(4), .compressed(8)] {
        conversation.mode = mode
        let answer = try conversation.ask("why?", responder, options) { _ in }
        #expect(answer.cachedTokens > 100, "\(mode)")
      }
    }
    let entries = try store.contents().entries
    #expect(entries.filter { $0.parent == nil }.map(\.name) == [name])
    #expect(try store.remove(name, withChildren: true).count == 5)
  }

  @Test("two conversations about a document do not hang on each other")
  func strangers() throws {
    let (store, name) = (try store(), try StoreName(given: "book"))
    let responder = try responder(store)
    _ = try responder.prepare(name, text: Array(text(60, 5).utf8)) { _, _, _ in }
    for (who, question) in [("alice", "what is it?"), ("bob", "who wrote it?")] {
      var conversation = try Conversation(
        in: store, name: StoreName(given: who), document: name, mode: .whole)
      let options = GenerationConfig(maximumTokens: 12, sampling: Sampler.Options())
      _ = try conversation.ask(question, responder, options) { _ in }
    }
    let turns = try store.contents().entries.filter { $0.name != name }
    #expect(turns.map(\.parent) == [name, name])
  }

  @Test("two chats of one name do not replace each other's turns")
  func sameName() throws {
    let (store, name) = (try store(), try StoreName(given: "talk"))
    let options = GenerationConfig(maximumTokens: 3, sampling: Sampler.Options())
    var first = try Conversation(in: store, name: name, mode: .whole)
    var second = try Conversation(in: store, name: name, mode: .whole)
    for turn in 0..<2 {
      _ = try first.ask("w1 \(turn)", responder(store), options) { _ in }
      _ = try second.ask("w2 \(turn)", responder(store), options) { _ in }
    }
    let names = try store.contents().entries.map(\.name.description)
    #expect(names == ["talk~1", "talk~2", "talk~3", "talk~4"])
  }

  @Test("what was stored in another type or with a loss is used only if it is named")
  func lossy() throws {
    let store = try store()
    let half = try Responder(model, store: store, ranking: source)
    _ = try half.answer(request([text(40, 3)])) { _ in }
    let answer = try answer(responder(store), [text(40, 3)])
    #expect(answer.cachedTokens == 0)
    #expect(try self.answer(responder(store), [text(40, 3)]).cachedTokens > 40)
  }
}
