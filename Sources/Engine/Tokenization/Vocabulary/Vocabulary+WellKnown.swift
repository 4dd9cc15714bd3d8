/// Tokens that mean what their names say, whatever type a file gives them.
///
/// Files of fine-tuned models often give them the type of a piece of text, and do not list them as
/// ends. Source of the ends: llama.cpp's `llama-vocab.cpp`.
extension Vocabulary {
  /// The types for encoding and decoding. A mark of the chat template, and a token that the file
  /// names as the begin or end of text, is control even if its type would spell it out.
  func effectiveTypes(_ types: [TokenType]) -> [TokenType] {
    let marks = Set(
      chatTemplate.flatMap(ChatForm.init(recognizing:))?.marks.map { Array($0.utf8) } ?? [])
    var effective = types
    for (id, type) in types.enumerated() where !type.isAdded {
      let isBoundary = id == beginOfText || id == endOfText
      if !marks.isEmpty && marks.contains(tokens[id]) || isBoundary && isInBrackets(id) {
        effective[id] = .control
      }
    }
    return effective
  }

  /// The ids that end a generated text: those that files name, and well-known names.
  func allEndsOfGeneration(_ types: [TokenType]) -> Set<Int> {
    var named = tokens.indices.filter { id in
      isNamed(id, in: Self.namesOfEnds)
        // Some vocabularies have this as an HTML tag.
        || types[id] == .control && tokens[id] == Self.endOfSentence
    }
    let names = Set(named.map { tokens[$0] })
    if Self.namesThatReplaceEnd.contains(where: { names.isSuperset(of: $0) }) {
      named.removeAll { tokens[$0] == Self.end }
    }
    return Set(named + endsOfGeneration).union(endOfText.map { [$0] } ?? [])
  }

  /// The tokens that end a text, a turn or a message, by name.
  private static let namesOfEnds = utf8([
    "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>",
    "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<end_of_turn>", "<turn|>",
    "<|tool_response>", "<end_of_utterance>", "<eos>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "[e~[",
    "<|EOT|>", "<｜end▁of▁sentence｜>",
  ])

  /// Where a vocabulary has all of one set, `<|end|>` ends only a part of an answer.
  private static let namesThatReplaceEnd = [
    utf8(["<|return|>", "<|call|>"]), utf8(["<|call|>", "<|flush|>"]),
    utf8(["<|return|>", "<|calls|>"]), utf8(["<|calls|>", "<|flush|>"]),
  ]
  private static let end = Array("<|end|>".utf8)
  private static let endOfSentence = Array("</s>".utf8)

  /// Few tokens begin as these names do; the others need no look-up.
  private func isNamed(_ id: Int, in names: Set<[UInt8]>) -> Bool {
    tokens[id].first.map(Self.firstBytes.contains) == true && names.contains(tokens[id])
  }

  /// Whether a token is in brackets, as `<s>` is. A piece of text that a file names as a begin or
  /// end stays a piece of text.
  private func isInBrackets(_ id: Int) -> Bool {
    let text = tokens[id]
    guard text.count > 2, text.allSatisfy({ (0x21...0x7E).contains($0) }) else { return false }
    return text.starts(with: "<".utf8) && text.last == UInt8(ascii: ">")
      || text.starts(with: "[".utf8) && text.last == UInt8(ascii: "]")
  }

  private static let firstBytes = Set(namesOfEnds.compactMap(\.first))

  private static func utf8(_ names: [String]) -> Set<[UInt8]> { Set(names.map { Array($0.utf8) }) }
}
