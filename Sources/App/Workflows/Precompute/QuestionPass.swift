import Inference
import Tokenization

/// The questions that calibration asks about a sequence. Each has an answer, which is a sentence of
/// the sequence. What they attend to is what a cache must keep for questions that nobody has asked
/// yet.
///
/// KVzip (arXiv 2505.23416) asks for a repetition of the whole. Small models find what they repeat
/// by the words before it; a question has other words and looks for it by other heads.
struct QuestionPass {
  private let model: LoadedModel
  /// What ends a question.
  private let ending: String

  /// One sentence in that many is asked for, to save time.
  private static let interval = 2
  /// The most tokens of a sentence; a longer one is cut into several.
  private static let longest = 48

  /// Sequences are plain text, though a model that chats is asked as in a chat.
  init(_ model: LoadedModel) {
    self.model = model
    ending = (try? model.chatTemplate().closing) ?? "\n\n"
  }

  /// Questions about every second sentence, each followed by the sentence.
  func questions(about sequence: [Int]) throws -> [FollowUp] {
    sentences(of: sequence).enumerated().filter { $0.offset % Self.interval == 0 }.map {
      let sentence = $0.element
      let topic = text(sequence[sentence.prefix((sentence.count + 1) / 2)])
      let question = "What does the text say about \(topic)?"
      return FollowUp(
        tokens: model.encodeRequest(question, ending: ending)
          + model.encodeFollowing(text(sequence[sentence])),
        watched: sentence)
    }
  }

  /// The positions of each sentence. It ends with a mark or a line's end, or after `longest`
  /// tokens. Begin-of-text is not part of one.
  private func sentences(of sequence: [Int]) -> [Range<Int>] {
    var sentences: [Range<Int>] = []
    var start = sequence.first == model.tokenizer.beginOfText ? 1 : 0
    for end in start..<sequence.count {
      let isLast = end + 1 == sequence.count || end + 1 - start == Self.longest
      guard isLast || endsSentence(sequence[end]) else { continue }
      // Blank lines and marks by themselves are no sentences.
      if end > start { sentences.append(start..<end + 1) }
      start = end + 1
    }
    return sentences
  }

  private static let marks: [Character] = [".", "!", "?", "。", "！", "？"]

  private func endsSentence(_ token: Int) -> Bool {
    let text = model.decode([token])
    return text.contains(where: \.isNewline) || text.last.map(Self.marks.contains) == true
  }

  /// Without white space at its ends.
  private func text(_ tokens: ArraySlice<Int>) -> String {
    let text = model.decode(tokens).drop(while: \.isWhitespace)
    return String(text.reversed().drop(while: \.isWhitespace).reversed())
  }
}
