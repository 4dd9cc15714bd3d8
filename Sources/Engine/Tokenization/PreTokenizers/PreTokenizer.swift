/// How text is cut into words before byte-pair encoding, by the names that GGUF files use.
enum PreTokenizer: String, CaseIterable {
  /// GPT-2's pattern.
  case gpt2 = "gpt-2"
  /// Every number scalar alone, then GPT-2's pattern on the text between them.
  case smollm
  /// GPT-4's pattern; words that are tokens are taken whole, merges or not.
  case llama3 = "llama-bpe"
  /// GPT-4's pattern.
  case dbrx
  /// The text in NFC, then GPT-4's pattern with numbers one by one.
  case qwen2
  /// GPT-4's pattern with numbers one by one, and no normalisation.
  case deepseekR1Qwen = "deepseek-r1-qwen"
  /// DeepSeek LLM's chain of patterns.
  case deepseekLLM = "deepseek-llm"
  /// DeepSeek Coder's chain of patterns.
  case deepseekCoder = "deepseek-coder"
  /// The chain of patterns of DeepSeek V3 and R1.
  case deepseekV3 = "deepseek-v3"

  /// The pre-tokeniser that a GGUF file names; several names mean the same one.
  init?(name: String) {
    let canonical =
      switch name {
      case "llama3", "llama-v3": "llama-bpe"
      default: name
      }
    self.init(rawValue: canonical)
  }

  /// Whether text is brought into NFC first.
  var normalizes: Bool { self == .qwen2 }

  /// Whether a word that is a token is taken whole, even if merges would cut it.
  var takesWholeWords: Bool { self == .llama3 }

  /// Calls `body` with the range of each word, in order; the words cover the whole range.
  func forEachWord(
    in bytes: Span<UInt8>, range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    let text = ScalarText(bytes, range)
    switch self {
    case .gpt2: Self.gpt2(text, body)
    case .llama3, .dbrx: Self.gpt4(text, numbers: 3, body)
    case .qwen2, .deepseekR1Qwen: Self.gpt4(text, numbers: 1, body)
    // The pattern must see a number as the end of the text: "  7" is "  " and "7".
    case .smollm:
      SplitStep.number.cut(text) { part, isMatch in
        isMatch ? body(part) : Self.gpt2(text.part(part), body)
      }
    case .deepseekLLM: SplitStep.cut(text, SplitStep.deepseekLLM, body)
    case .deepseekCoder: SplitStep.cut(text, SplitStep.deepseekCoder, body)
    case .deepseekV3: SplitStep.cut(text, SplitStep.deepseekV3, body)
    }
  }

  private static func gpt2(_ text: ScalarText, _ body: (Range<Int>) -> Void) {
    var scanner = GPT2Scanner(text)
    while let word = scanner.next() { body(word) }
  }

  private static func gpt4(_ text: ScalarText, numbers: Int, _ body: (Range<Int>) -> Void) {
    var scanner = GPT4Scanner(text, numbers: numbers)
    while let word = scanner.next() { body(word) }
  }
}
