/// A text says nothing about how keys and values are to be stored.
public struct PrecisionRefusal: Error, CustomStringConvertible, Sendable {
  /// The text, or the term that is wrong.
  public let text: String
  /// The rule that it breaks.
  public let problem: String

  init(_ text: some StringProtocol, _ problem: String) {
    (self.text, self.problem) = (String(text), problem)
  }

  /// What is wrong, and what may stand there.
  public var description: String { "\(text) is no precision: \(problem)" }
}
