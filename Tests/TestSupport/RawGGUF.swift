/// A GGUF file with little more than a tokenizer, built key by key: every key can be left out or
/// made wrong. Written from the specification; shares no code with the reader.
public struct RawGGUF: Sendable {
  /// The value of a key.
  public enum Value: Sendable {
    /// A text.
    case text(String)
    /// A truth value.
    case bool(Bool)
    /// An unsigned number of 32 bits.
    case id(UInt32)
    /// A list of texts.
    case texts([String])
    /// A list of signed numbers of 32 bits.
    case types([Int32])
    /// A list of float32 numbers.
    case scores([Float])
  }

  /// The metadata by key; keys without a dot are below `tokenizer.ggml`.
  public var metadata: [String: Value]
  /// How many rows of one zero the embedding has; nil leaves the tensor out.
  public var rows: Int?

  /// A tokenizer of the kind `model`.
  public init(
    model: String, pre: String? = nil, tokens: [String], types: [Int32], merges: [String] = []
  ) {
    metadata = [
      "general.architecture": .text("llama"), "model": .text(model), "tokens": .texts(tokens),
      "token_type": .types(types),
    ]
    metadata["pre"] = pre.map { .text($0) }
    if model == "gpt2" {
      metadata["merges"] = .texts(merges)
    } else {
      metadata["scores"] = .scores(tokens.indices.map { -Float($0) })
    }
  }

  /// The file.
  public var bytes: [UInt8] {
    var bytes = Array("GGUF".utf8) + Self.field(UInt32(3))
    bytes += Self.field(UInt64(rows == nil ? 0 : 1)) + Self.field(UInt64(metadata.count))
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      bytes += Self.text(key.contains(".") ? key : "tokenizer.ggml.\(key)") + Self.bytes(of: value)
    }
    guard let rows else { return bytes }
    bytes += Self.text("token_embd.weight") + Self.field(UInt32(2)) + Self.field(UInt64(1))
    bytes += Self.field(UInt64(rows)) + Self.field(UInt32(0)) + Self.field(UInt64(0))
    bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + 4 * rows)
    return bytes
  }

  private static func bytes(of value: Value) -> [UInt8] {
    func list(_ type: UInt32, _ elements: [[UInt8]]) -> [UInt8] {
      field(UInt32(9)) + field(type) + field(UInt64(elements.count)) + elements.flatMap(\.self)
    }
    return switch value {
    case .text(let text): field(UInt32(8)) + Self.text(text)
    case .bool(let flag): field(UInt32(7)) + [flag ? 1 : 0]
    case .id(let id): field(UInt32(4)) + field(id)
    case .texts(let texts): list(8, texts.map(text))
    case .types(let types): list(5, types.map(field))
    case .scores(let scores): list(6, scores.map { field($0.bitPattern) })
    }
  }

  private static func text(_ text: String) -> [UInt8] {
    field(UInt64(text.utf8.count)) + Array(text.utf8)
  }

  private static func field(_ value: some FixedWidthInteger) -> [UInt8] {
    RawContainer.field(value)
  }
}
