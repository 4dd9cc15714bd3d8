import CacheCodec
import CacheFormat
import Tokenization

extension Prompt {
  /// The tokens of a conversation up to the opening of the next answer.
  ///
  /// Neighbours of one role are one turn. Without a place in the template, or after a document, the
  /// system message comes before the first question, followed by a blank line.
  ///
  /// - Parameters:
  ///   - turns: In order, the last one the user's.
  ///   - document: The context that the first question completes or follows.
  /// - Throws: `ConversationError`; `TokenizationError` or `PromptError` if the template is unknown
  ///   or missing.
  static func conversation(
    _ turns: [Transcript.Turn], after document: StoredDocument?, model: LoadedModel
  ) throws -> [Int] {
    let template = try model.chatTemplate()
    var turns = try joined(turns)
    var system = turns.first?.role == .system ? turns.removeFirst().text : nil
    guard turns.first?.role == .user, turns.last?.role == .user else {
      throw ConversationError.endsWithoutQuestion
    }
    guard let document else {
      let opening = system.flatMap(template.opening(system:))
      if opening != nil { system = nil }
      let text = body(turns, after: system, template)
      return begin(template.beginsText, model)
        + model.tokenizer.encode(
          Array((opening ?? template.opening).utf8) + text, parsingSpecials: true)
    }
    let text = try between(document, template) + body(turns, after: system, template)
    let rest = BoundaryRetokenization(
      after: document.tokens, with: text, tokenizer: model.tokenizer,
      ending: document.form == .openAnswer ? template.endingAnswer : { $0 })
    return document.tokens.dropLast(rest.dropped) + rest.tokens
  }

  /// What the template writes between a document and the first question.
  private static func between(
    _ document: StoredDocument, _ template: ChatTemplate
  ) throws(ConversationError) -> [UInt8] {
    switch document.form {
    case .openUserTurn: Array(documentSeparator.utf8)
    case .openAnswer: Array((template.turnEnd + template.nextOpening).utf8)
    case .plain, .privateUse: throw .plainDocument(name: document.name)
    }
  }

  /// The first question and all that follows.
  private static func body(
    _ turns: [Transcript.Turn], after system: String?, _ template: ChatTemplate
  ) -> [UInt8] {
    let first = system.map { $0 + documentSeparator } ?? ""
    var text = Array(first.utf8)
    for (index, turn) in turns.enumerated() {
      let content = template.content(Array(turn.text.utf8))
      if turn.role == .assistant {
        text += Array(template.answerOpening.utf8) + content + Array(template.turnEnd.utf8)
      } else {
        if index > 0 { text += Array(template.nextOpening.utf8) }
        text += content + Array(template.closing.utf8)
      }
    }
    return text
  }

  /// Turns of which no two neighbours have one role.
  private static func joined(
    _ turns: [Transcript.Turn]
  ) throws(ConversationError) -> [Transcript.Turn] {
    var joined: [Transcript.Turn] = []
    for turn in turns {
      guard turn.role != .system || joined.isEmpty || joined.last?.role == .system else {
        throw .lateSystem
      }
      if let last = joined.last, last.role == turn.role {
        joined[joined.count - 1] = Transcript.Turn(
          role: turn.role, text: last.text + documentSeparator + turn.text)
      } else {
        joined.append(turn)
      }
    }
    return joined
  }
}

/// A stored context that a conversation names.
struct StoredDocument {
  let name: String
  let tokens: [Int]
  let form: ContextDescription.PromptForm
}

extension StoredDocument {
  /// Reads a snapshot's metadata.
  ///
  /// - Throws: `MalformedFile`, `KeyProblem`, `SystemError`.
  init(_ name: StoreName, _ store: Store) throws {
    let metadata = try SnapshotReader(path: store.path(of: name), keys: store.keys).metadata
    self.init(
      name: name.description, tokens: metadata.tokens.map(Int.init),
      form: metadata.context.promptForm)
  }
}
