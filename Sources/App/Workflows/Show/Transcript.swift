import CacheCodec
import CacheFormat
import Tokenization

/// A context's text, turn by turn where a chat template wrote it.
///
/// What the template writes between turns marks their ends. A special token's name in a text is not
/// a mark, because marks must consist of the same tokens. If each turn was saved as a snapshot of
/// its own, marks within a document or at a prompt's beginning do not count either.
package struct Transcript: Sendable, Equatable {
  /// A part of the text, and who speaks.
  package struct Turn: Sendable, Equatable, Encodable {
    /// Who speaks.
    package enum Role: String, Sendable, Encodable {
      /// Nobody: text without turns.
      case text
      /// A system message.
      case system
      /// The user.
      case user
      /// The model.
      case assistant
    }

    /// Who speaks.
    package let role: Role
    /// What is said; bytes that are not UTF-8 become U+FFFD.
    package let text: String

    /// A turn.
    package init(role: Role, text: String) { (self.role, self.text) = (role, text) }
  }

  /// The turns in order. The last one may be unfinished.
  package let turns: [Turn]

  /// The transcript of a snapshot and its parents.
  init(_ chain: SnapshotChain, _ tokenizer: Tokenizer, _ template: ChatTemplate?) {
    let snapshots = chain.snapshots.map(\.metadata)
    self.init(
      chain.metadata.tokens.map(Int.init), root: snapshots[0].context.promptForm,
      seams: snapshots.dropFirst().map(\.tiers.positions.lowerBound), tokenizer, template)
  }

  /// The transcript of a whole context.
  ///
  /// - Parameters:
  ///   - root: The form of the first snapshot.
  ///   - seams: The first position of each snapshot that follows, ascending.
  ///   - template: Nil for a model without one. The transcript then has one turn.
  init(
    _ ids: [Int], root: ContextDescription.PromptForm, seams: [Int], _ tokenizer: Tokenizer,
    _ template: ChatTemplate?
  ) {
    guard root.isConversation, let template,
      let parser = TurnParser(
        ids, root: root, seams: seams, tokenizer, TurnMarks(template, tokenizer))
    else {
      let hasBegin = tokenizer.addsBeginOfText && ids.first == tokenizer.beginOfText
      let body = hasBegin ? Array(ids.dropFirst()) : ids
      turns = [Turn(.text, MarkedText(body, tokenizer, continuing: false).symbols[...])]
      return
    }
    turns = parser.turns
  }
}

extension Transcript.Turn {
  init(_ role: Role, _ symbols: ArraySlice<MarkedText.Symbol>) {
    self.init(
      role: role,
      text: String(decoding: symbols.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self))
  }
}
