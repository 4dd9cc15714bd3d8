/// Turns token ids into text while they are generated. It holds back a scalar until it is whole.
///
/// Joined, the texts are `String(decoding:as:)` of all tokens' bytes: invalid UTF-8 becomes U+FFFD.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skippingSpecials: Bool
  private var pending: [UInt8] = []

  /// Starts a text; see `Tokenizer.decode(_:skippingSpecials:)` for what is skipped.
  public init(_ tokenizer: Tokenizer, skippingSpecials: Bool = true) {
    self.tokenizer = tokenizer
    self.skippingSpecials = skippingSpecials
  }

  /// The text that became whole with one more token; often a word, sometimes nothing.
  public mutating func push(_ id: Int) -> String {
    pending += tokenizer.decode(CollectionOfOne(id), skippingSpecials: skippingSpecials)
    return take(wholePrefix())
  }

  /// The bytes that were held back, as U+FFFD; the next token starts a new text.
  public mutating func finish() -> String { take(pending.count) }

  /// How many bytes come before a scalar that may still be completed.
  private func wholePrefix() -> Int {
    var position = 0
    while position < pending.count {
      let step = UTF8Step(pending.span, at: position)
      if step.isIncomplete { break }
      position += step.length
    }
    return position
  }

  private mutating func take(_ count: Int) -> String {
    defer { pending.removeFirst(count) }
    return String(decoding: pending.prefix(count), as: UTF8.self)
  }
}
