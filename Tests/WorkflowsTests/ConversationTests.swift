import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Workflows

@Suite("Turns that come one by one have the tokens of the whole conversation", .realModel)
struct ConversationTests {
  /// Templates of both kinds: those that trim contents, and those that take them as they are. What
  /// they write before an answer is not joined with it by the model's tokenizer.
  private static let templates = ["chatml", "gemma-3", "mistral-7b-v0.2", "tulu-3"]

  /// What is said in turn, answers as models give them: with blanks at their ends, or empty.
  private static let conversations = [
    ["Why is it so?", "Because it is.", "And what else?", "Nothing.", " Really? "],
    ["Count to three.", "1, 2, 3.\n\n", "More of it.", "4, 5, 6 \n", "And?"],
    ["Say nothing.", "", "Say it again.", "\n\n", "Thank you."],
    ["Émile?", "Ça va — déjà vu", "we", "ll", "😀"],
  ]

  @Test("after every answer", arguments: GoldenModel.allCases, templates)
  func turns(model: GoldenModel, name: String) throws {
    let tokenizer = try LoadedModel.loadTokenizer(path: model.path)
    let source = Fixtures.path("chat/\(name).jinja")
    let template = try ChatTemplate(
      recognizing: String(contentsOfFile: source, encoding: .utf8), beginOfText: "<B>",
      endOfText: "<E>")
    for turns in Self.conversations {
      var text = template.opening + Self.content(turns[0], template) + template.closing
      var tokens = tokenizer.encode(text, parsingSpecials: true)
      for index in stride(from: 1, to: turns.count - 1, by: 2) {
        // A model's own tokens, not cut as the text would be.
        tokens += tokenizer.encode(turns[index], parsingSpecials: true, continuing: true)
        let next = Prompt.nextTurn(
          Array(turns[index + 1].utf8), after: tokens, template: template, tokenizer: tokenizer)
        tokens = tokens.dropLast(next.dropped) + next.tokens
        text +=
          Self.answer(turns[index], template) + template.turnEnd + template.nextOpening
          + Self.content(turns[index + 1], template) + template.closing
        #expect(tokens == tokenizer.encode(text, parsingSpecials: true), "\(name): \(text)")
      }
    }
  }

  private static func content(_ text: String, _ template: ChatTemplate) -> String {
    String(decoding: template.content(Array(text.utf8)), as: UTF8.self)
  }

  /// An answer as the template writes it; blanks before it stay, the model having said them.
  private static func answer(_ text: String, _ template: ChatTemplate) -> String {
    String(decoding: template.content(Array(text.utf8), isBeginning: false), as: UTF8.self)
  }
}
