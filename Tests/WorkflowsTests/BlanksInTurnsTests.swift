import CacheFormat
import Foundation
import TestSupport
import Testing
import Tokenization

@testable import Workflows

@Suite("A stored document and a later question are the turn that they are in one piece")
struct BlanksInTurnsTests {
  private static let templates = [
    "chatml", "deepseek-coder", "deepseek-llm", "gemma-1", "gemma-2", "gemma-3", "llama-2",
    "llama-3", "llama-3-first", "mistral-7b-v0.1", "mistral-7b-v0.2", "mistral-v1", "olmo-2",
    "phi-3-2024-07", "phi-3-medium", "phi-3-mini", "phi-3-small", "phi-3.5", "qwen2", "qwen2.5",
    "qwen3", "tulu-3",
  ]
  private static let documents = [
    "It is so.", " It is so.", "\n\n\tIt is so", "It is so.\n", "It is so. \n\n\n ", "x" + tail,
    "x\n\n\n" + tail + "\n", "\u{3000}\u{85}It\u{1C}", "1\r\n\r\n", "\u{1F}x\u{2028}",
  ]
  private static let questions = [
    "Is it?", " Is it?", "\n\nIs it?", "\n\n\n \tIs it? \n\n", "\u{A0}Is it?\u{2003}",
    "7\u{1D}\u{3000}",
  ]
  private static let blanks = [" ", "\n", "\n\n\n", "\t\u{3000}\u{1E} \r\n", tail]
  private static let tail = String(repeating: " ", count: 300)

  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The tiny model with another template.
  private func model(_ template: String) throws -> LoadedModel {
    let path = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-f32"), toPath: path)
    try Data(bytes(of: Fixtures.path("chat/\(template).jinja"))).write(
      to: URL(filePath: path + "/chat_template.jinja"))
    return try LoadedModel(path: path)
  }

  /// The ids of a document and a question that follows it.
  private func inPieces(_ document: String, _ question: String, _ model: LoadedModel) throws
    -> [Int]
  {
    let stored = try Prompt.opening(Array(document.utf8), usesChat: true, model: model)
    let rest = try Prompt.continuation(
      Array(question.utf8), after: stored, form: .openUserTurn, model: model)
    return stored.dropLast(rest.dropped) + rest.tokens
  }

  @Test("whatever blanks are at their ends", arguments: templates)
  func ends(template: String) throws {
    let model = try model(template)
    for document in Self.documents {
      for question in Self.questions {
        let whole = document + Prompt.documentSeparator + question
        #expect(
          try inPieces(document, question, model)
            == Prompt.tokens(Array(whole.utf8), usesChat: true, model: model),
          "\(document.debugDescription) \(question.debugDescription)")
      }
    }
  }

  @Test(
    "one that is all blank is rejected where the template leaves blanks out",
    arguments: templates)
  func blanks(template: String) throws {
    let model = try model(template)
    let trims = try model.chatTemplate().content([0x20]).isEmpty
    for blank in Self.blanks {
      for (document, question) in [(blank, "Is it?"), ("It is so.", blank), (blank, blank)] {
        let whole = document + Prompt.documentSeparator + question
        do {
          #expect(
            try inPieces(document, question, model)
              == Prompt.tokens(Array(whole.utf8), usesChat: true, model: model),
            "\(document.debugDescription) \(question.debugDescription)")
          #expect(!trims)
        } catch PromptError.blank {
          #expect(trims)
        }
      }
    }
  }
}
