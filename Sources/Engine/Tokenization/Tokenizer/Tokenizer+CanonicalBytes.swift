extension Tokenizer {
  /// Describes the tokenizer in bytes, for a digest that ties a file to it.
  ///
  /// Calls `sink` with the parts of the description in order; where they are cut means nothing.
  /// Integers are little-endian. *bytes* is a `u32` length and that many bytes.
  ///
  ///     bytes   the kind of tokenizer as GGUF names it: "gpt2", "llama", "t5"
  ///     bytes   the pre-tokeniser as GGUF names it: "smollm", "gpt-2"; or how spaces are marked
  ///     u64     the number of tokens; then for each, by id:
  ///       u32     its type, as in GGUF: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused,
  ///               6 byte
  ///       bytes   its spelling in UTF-8, in the byte alphabet where the kind uses it
  ///     u64     the number of merges; then for each, best first:
  ///       u32     the id of the left token
  ///       u32     the id of the right token
  ///     i64     the id of the begin-of-text token, -1 if there is none
  ///     i64     the id of the end-of-text token, -1 if there is none
  ///     u8      1 if a begin-of-text token is to be added before a text, otherwise 0
  ///
  /// SentencePiece's kinds continue. Files disagree about the order of merges that make one token,
  /// so those are sorted by the id of the left token. The unknown token is written as control, and
  /// user-defined tokens of spaces with U+2581 for each:
  ///
  ///     i64     the id of the unknown token, -1 if there is none
  ///     u8      1 if one unknown token stands for a run, otherwise 0
  ///     f32     of "t5" only: the score of each token, by id
  ///
  /// In every kind, a user-defined token that is spelled like a control token (`<|…|>`) is written
  /// as control, as converters to GGUF do.
  ///
  /// At the end of any kind, only if there are tokens with traits:
  ///
  ///     u64     the number of those tokens; then for each, by ascending id:
  ///       u32     its id
  ///       u8      1 if spaces before it belong to it, plus 2 if those after it do, plus 4 if it is
  ///               found in normalised text
  ///
  /// The chat template is no part of it: it changes what is asked, not what the ids mean.
  public func writeCanonicalBytes(_ sink: ([UInt8]) -> Void) {
    sink(Self.bytes(vocabulary.model.utf8) + Self.bytes(preTokenizerName.utf8))
    sink(tokenDescription())
    sink(mergeDescription())
    sink(
      Self.littleEndian(Int64(beginOfText ?? -1)) + Self.littleEndian(Int64(endOfText ?? -1))
        + [addsBeginOfText ? 1 : 0])
    if case .marked(let pieces, _) = method {
      sink(
        Self.littleEndian(Int64(vocabulary.unknown ?? -1)) + [vocabulary.fusesUnknown ? 1 : 0])
      if case .unigram = pieces {
        sink(vocabulary.scores.flatMap { Self.littleEndian($0.bitPattern) })
      }
    }
    sink(traitDescription())
  }

  private var preTokenizerName: String {
    switch method {
    case .byteLevel(_, let preTokenizer): preTokenizer.rawValue
    case .marked(_, let marking): marking.rawValue
    }
  }

  private func traitDescription() -> [UInt8] {
    let traits = vocabulary.traits.mapValues { $0.subtracting(.isFoundLater) }
      .filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
    guard !traits.isEmpty else { return [] }
    return Self.littleEndian(UInt64(traits.count))
      + traits.flatMap {
        Self.littleEndian(UInt32(truncatingIfNeeded: $0.key)) + [$0.value.rawValue]
      }
  }

  private func tokenDescription() -> [UInt8] {
    var description = Self.littleEndian(UInt64(vocabulary.tokens.count))
    description.reserveCapacity(vocabulary.tokens.reduce(16) { $0 + $1.count + 8 })
    let (control, unknown, userDefined) = (
      Vocabulary.TokenType.control.rawValue, Vocabulary.TokenType.unknown.rawValue,
      Vocabulary.TokenType.userDefined.rawValue
    )
    for (spelling, given) in zip(vocabulary.tokens, vocabulary.types) {
      let isControl =
        isMarked && given == unknown || given == userDefined && Self.looksSpecial(spelling)
      Self.append(UInt32(bitPattern: isControl ? control : given), to: &description)
      let isOfSpaces = isMarked && given == userDefined && spelling.allSatisfy { $0 == 0x20 }
      let written = isOfSpaces ? spelling.flatMap { _ in Self.mark } : spelling
      Self.append(UInt32(truncatingIfNeeded: written.count), to: &description)
      description.append(contentsOf: written)
    }
    return description
  }

  /// U+2581 in UTF-8. Some converters spell tokens of spaces with it, and some do not.
  private static let mark: [UInt8] = [0xE2, 0x96, 0x81]

  /// Whether converters to GGUF call a user-defined token control, for the way it is spelled.
  private static func looksSpecial(_ spelling: [UInt8]) -> Bool {
    [("<|", "|>"), ("<｜", "｜>"), ("<unused", ">")].contains { start, end in
      spelling.starts(with: start.utf8) && spelling.suffix(end.utf8.count).elementsEqual(end.utf8)
    } || ["<pad>", "<mask>", "<2mass>", "[@BOS@]"].contains { spelling.elementsEqual($0.utf8) }
  }

  private func mergeDescription() -> [UInt8] {
    let pairs = isMarked ? sortedMerges() : method.bytePair?.merges.pairs ?? []
    var description = Self.littleEndian(UInt64(pairs.count))
    description.reserveCapacity(pairs.count * 8 + 8)
    for pair in pairs {
      Self.append(pair.left, to: &description)
      Self.append(pair.right, to: &description)
    }
    return description
  }

  /// The merges; adjacent ones that make the same token are sorted by the id of the left one.
  private func sortedMerges() -> [MergeTable.Pair] {
    var pairs = method.bytePair?.merges.pairs ?? []
    var start = 0
    while start < pairs.count {
      let end = pairs[start...].firstIndex { $0.result != pairs[start].result } ?? pairs.count
      if end - start > 1 { pairs[start..<end].sort { $0.left < $1.left } }
      start = end
    }
    return pairs
  }

  private var isMarked: Bool {
    if case .marked = method { true } else { false }
  }

  private static func bytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
    littleEndian(UInt32(truncatingIfNeeded: bytes.count)) + bytes
  }

  private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    bytes.append(UInt8(truncatingIfNeeded: value))
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value >> 16))
    bytes.append(UInt8(truncatingIfNeeded: value >> 24))
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
