public import ByteIO

/// A model's tokenizer cannot be used.
public enum TokenizationError: CategorisedError, Equatable, Sendable {
  /// The model file names a kind of tokenizer that is not supported.
  case unsupportedModel(name: String)
  /// The model file names a pre-tokeniser that is not supported.
  case unsupportedPreTokenizer(name: String)
  /// The model's chat template is none of those that are known.
  case unsupportedChatTemplate(text: String)
  /// The chat template writes a mark that is no token of the model.
  case missingMark(name: String)
  /// The parts of the vocabulary contradict each other.
  case inconsistentVocabulary(problem: String)

  /// No other category fits.
  public var category: FailureCategory { .other }
}

extension TokenizationError: CustomStringConvertible {
  /// What is wrong and what is supported instead. Text from the file is shortened and escaped, so
  /// that a hostile name cannot control a terminal.
  public var description: String {
    switch self {
    case .unsupportedModel(let name):
      "the tokenizer model \(Self.quoted(name)) is not supported; supported: "
        + Self.list(Vocabulary.Kind.allCases.map(\.rawValue))
    case .unsupportedPreTokenizer(let name):
      "the pre-tokeniser \(Self.quoted(name)) is not supported; supported: "
        + Self.list(PreTokenizer.allCases.map(\.rawValue) + SpaceMarking.allCases.map(\.rawValue))
    case .unsupportedChatTemplate(let text):
      "the chat template \(Self.quoted(text)) is not supported; supported: those of Llama 2 and 3, "
        + "Mistral, Gemma, Phi-3, Qwen, DeepSeek, OLMo-2 and ChatML. "
        + "Write the prompt with its special tokens instead"
    case .missingMark(let name):
      "the chat template writes \(Self.quoted(name)), which is no token of this model"
    case .inconsistentVocabulary(let problem):
      "the vocabulary contradicts itself: \(problem)"
    }
  }

  /// Text from a file, escaped and cut to its first characters.
  static func quoted(_ text: String) -> String {
    let limit = 60
    let start = String(text.unicodeScalars.prefix(limit))
    return start.debugDescription + (text.unicodeScalars.count > limit ? "..." : "")
  }

  private static func list(_ names: [String]) -> String {
    names.map { "\"\($0)\"" }.joined(separator: ", ")
  }
}
