import ByteIO

/// The shape of a snapshot's cache and what its text is (spec, section 5.1, `CONT`).
public struct ContextDescription: Sendable, Equatable {
  /// How a snapshot's text relates to the prompt that follows it.
  public enum PromptForm: UInt32, Sendable {
    /// Plain text.
    case plain = 0
    /// The beginning of a user's turn that the next prompt completes.
    case openUserTurn = 1
    /// The beginning of an answer. The next prompt ends it and adds a user's turn.
    case openAnswer = 2

    /// The form of a child of this snapshot.
    public var next: PromptForm { self == .plain ? .plain : .openAnswer }
  }

  /// Layers of the model.
  public var layers: Int
  /// KV heads of each layer.
  public var kvHeads: Int
  /// Elements of a key.
  public var keyLength: Int
  /// Elements of a value.
  public var valueLength: Int
  /// Tokens of the context.
  public var tokens: Int
  /// How the text relates to the next prompt.
  public var promptForm: PromptForm
  /// The type of the cache's keys: one of `ElementCodec.elements`. Chunks may hold fewer bits.
  public var keyCodec: ElementCodec
  /// The type of the cache's values: one of `ElementCodec.elements`. Chunks may hold fewer bits.
  public var valueCodec: ElementCodec

  /// The position of the next token, whichever pairs are kept.
  public var nextPosition: Int { tokens }

  /// The length of the section in bytes.
  public static let byteCount = 48
  /// Keys are stored after RoPE in the half-split layout: the only layout of version 1.
  private static let keyLayout: UInt32 = 1

  /// Describes a context. `SnapshotMetadata.check` rejects one that the format does not allow.
  public init(
    layers: Int, kvHeads: Int, keyLength: Int, valueLength: Int, tokens: Int,
    promptForm: PromptForm, keyCodec: ElementCodec, valueCodec: ElementCodec
  ) {
    self.layers = layers
    self.kvHeads = kvHeads
    self.keyLength = keyLength
    self.valueLength = valueLength
    self.tokens = tokens
    self.promptForm = promptForm
    self.keyCodec = keyCodec
    self.valueCodec = valueCodec
  }

  /// Whether a child of this shape, type and prompt form may continue `parent`.
  public func goesOn(from parent: ContextDescription) -> Bool {
    var expected = parent
    expected.tokens = tokens
    expected.promptForm = parent.promptForm.next
    return self == expected
  }

  /// The type of a tensor's elements in the cache.
  public func codec(of tensor: ChunkTable.Tensor) -> ElementCodec {
    switch tensor {
    case .positions: .position
    case .keys: keyCodec
    case .values: valueCodec
    }
  }

  /// How many elements of a tensor one KV pair has.
  public func elementsPerPair(of tensor: ChunkTable.Tensor) -> Int {
    switch tensor {
    case .positions: 1
    case .keys: keyLength
    case .values: valueLength
    }
  }
}

extension ContextDescription {
  var encoded: [UInt8] {
    var writer = ByteWriter()
    for size in [layers, kvHeads, keyLength, valueLength] { writer.write(UInt32(clamping: size)) }
    writer.write(UInt64(clamping: tokens))
    writer.write(UInt64(clamping: nextPosition))
    writer.write(promptForm.rawValue)
    writer.write(Self.keyLayout)
    writer.write(keyCodec.rawValue)
    writer.write(valueCodec.rawValue)
    return writer.bytes
  }

  init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    layers = try reader.readSize("layers", 1...4096)
    kvHeads = try reader.readSize("KV heads", 1...4096)
    keyLength = try reader.readSize("key elements", 1...8192)
    valueLength = try reader.readSize("value elements", 1...8192)
    let tokens = try reader.read(UInt64.self)
    guard tokens <= Int32.max else { throw reader.error("too many tokens: \(tokens)") }
    self.tokens = Int(tokens)
    guard try reader.read() == tokens else {
      throw reader.error("the next position is not the number of tokens")
    }
    guard let promptForm = PromptForm(rawValue: try reader.read()) else {
      throw reader.error("an unknown prompt form")
    }
    self.promptForm = promptForm
    guard try reader.read() == Self.keyLayout else { throw reader.error("an unknown key layout") }
    keyCodec = try Self.precision(&reader)
    valueCodec = try Self.precision(&reader)
    try reader.expectEnd()
  }

  private static func precision(_ reader: inout ByteReader) throws(MalformedFile) -> ElementCodec {
    let value = try reader.read(UInt32.self)
    guard let codec = ElementCodec(rawValue: value), ElementCodec.elements.contains(codec)
    else {
      throw reader.error("an unknown codec: \(value)")
    }
    return codec
  }
}
