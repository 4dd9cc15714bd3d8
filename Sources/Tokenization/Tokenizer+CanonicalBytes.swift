extension Tokenizer {
  /// Describes the tokenizer in bytes, for a digest that ties a file to it.
  ///
  /// Calls `sink` with the parts of the description one after the other; where they are cut means
  /// nothing. Integers are little-endian. *bytes* is a `u32` length and that many bytes.
  ///
  ///     bytes   the kind of tokenizer as GGUF names it: "gpt2"
  ///     bytes   the pre-tokeniser as GGUF names it: "smollm", "gpt-2"
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
  /// The chat template is no part of it: it changes what is asked, not what the ids mean.
  public func writeCanonicalBytes(_ sink: ([UInt8]) -> Void) {
    sink(Self.bytes(vocabulary.model.utf8) + Self.bytes(vocabulary.preTokenizer.utf8))
    sink(tokenDescription())
    sink(mergeDescription())
    sink(
      Self.littleEndian(Int64(beginOfText ?? -1)) + Self.littleEndian(Int64(endOfText ?? -1))
        + [addsBeginOfText ? 1 : 0])
  }

  private func tokenDescription() -> [UInt8] {
    var description = Self.littleEndian(UInt64(vocabulary.tokens.count))
    for (spelling, type) in zip(vocabulary.tokens, types) {
      description += Self.littleEndian(type.rawValue) + Self.bytes(spelling)
    }
    return description
  }

  private func mergeDescription() -> [UInt8] {
    var description = Self.littleEndian(UInt64(model.merges.pairs.count))
    for pair in model.merges.pairs {
      description += Self.littleEndian(pair.left) + Self.littleEndian(pair.right)
    }
    return description
  }

  private static func bytes(_ bytes: some Collection<UInt8>) -> [UInt8] {
    littleEndian(UInt32(truncatingIfNeeded: bytes.count)) + bytes
  }

  private static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
