import Tokenization

/// Small vocabularies for tests: some special tokens, all 256 bytes, and what merges make of them.
enum SyntheticVocabulary {
  /// The control tokens; one is the beginning of two others.
  static let specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_"]

  /// The id of a byte.
  static func id(_ byte: UInt8) -> Int { specials.count + Int(byte) }

  /// The ids of a text to which no merge applies.
  static func ids(_ text: String) -> [Int] { text.utf8.map(id) }

  /// Bytes in the printable alphabet, written here a second time from its definition.
  static func spelling(_ bytes: [UInt8]) -> [UInt8] {
    let hidden = Array(0x00...0x20) + Array(0x7F...0xA0) + [0xAD]
    var text = String.UnicodeScalarView()
    for byte in bytes {
      let shifted = hidden.firstIndex(of: Int(byte)).flatMap { Unicode.Scalar(0x100 + $0) }
      text.append(shifted ?? Unicode.Scalar(byte))
    }
    return Array(String(text).utf8)
  }

  /// The special tokens, the bytes in order, then the results of the merges.
  static func make(
    merges: [(left: [UInt8], right: [UInt8])] = [], preTokenizer: String = "smollm"
  ) -> Vocabulary {
    var vocabulary = Vocabulary(
      model: "gpt2", preTokenizer: preTokenizer, tokens: specials.map { Array($0.utf8) },
      types: [Int32](repeating: 3, count: specials.count),
      merges: merges.map { spelling($0.left) + [0x20] + spelling($0.right) },
      beginOfText: 1, endOfText: 2)
    var known: Set<[UInt8]> = []
    for bytes in (UInt8.min...UInt8.max).map({ [$0] }) + merges.map({ $0.left + $0.right })
    where known.insert(bytes).inserted {
      vocabulary.add(spelling(bytes), type: 1)
    }
    return vocabulary
  }
}

extension Vocabulary {
  mutating func add(_ spelling: [UInt8], type: Int32) {
    tokens.append(spelling)
    types.append(type)
  }
}
