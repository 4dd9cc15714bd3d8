import Tokenization

/// The text of what looks back at a context.
extension LoadedModel {
  /// The tokens of a text that follows others.
  func encodeFollowing(_ text: String) -> [Int] {
    tokenizer.encode(Array(text.utf8), parsingSpecials: true, continuing: true)
  }

  /// The tokens of a request in a paragraph of its own.
  ///
  /// - Parameter ending: What ends it: in a chat the template's closing.
  func encodeRequest(_ text: String, ending: String) -> [Int] {
    encodeFollowing(Prompt.documentSeparator + text + ending)
  }

  /// The text of some tokens, special ones written out.
  func decode(_ tokens: ArraySlice<Int>) -> String {
    String(decoding: tokenizer.decode(Array(tokens), skippingSpecials: false), as: UTF8.self)
  }
}
