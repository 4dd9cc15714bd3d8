import Tokenization

/// Consecutive sequences of equal length from one text.
package enum Sequences {
  /// `count` sequences of `length` tokens. A begin-of-text token, where the model adds one, is the
  /// first token of each and counts.
  ///
  /// - Throws: `PromptError.tooShort` if the text does not fill them, `.sequenceTooLong` if one
  ///   does not fit the model's context.
  package static func split(
    _ text: [UInt8], count: Int, length: Int, model: LoadedModel
  ) throws -> [[Int]] {
    guard length <= model.contextLength else {
      throw PromptError.sequenceTooLong(tokens: length, context: model.contextLength)
    }
    let begin = model.tokenizer.addsBeginOfText ? model.tokenizer.beginOfText : nil
    let tokens = model.tokenizer.encode(text, parsingSpecials: false)
    let step = length - (begin == nil ? 0 : 1)
    let (needed, overflow) = count.multipliedReportingOverflow(by: step)
    guard !overflow, tokens.count >= needed else {
      throw PromptError.tooShort(tokens: tokens.count, needed: overflow ? .max : needed)
    }
    return (0..<count).map { index in
      (begin.map { [$0] } ?? []) + tokens[index * step..<(index + 1) * step]
    }
  }
}
