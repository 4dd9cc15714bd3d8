import ByteIO

/// The shape of a snapshot's cache and what its text is (spec, section 5.1, `CONT`).
public struct ContextDescription: Sendable, Equatable {
  /// How a snapshot's text relates to the prompt that follows it.
  public enum PromptForm: Hashable, Sendable {
    /// Plain text.
    case plain
    /// The beginning of a user's turn that the next prompt completes.
    case openUserTurn
    /// The beginning of an answer. The next prompt ends it and adds a user's turn.
    case openAnswer
    /// A form of another program.
    case privateUse(UInt32)

    /// Whether the text has turns that a chat template wrote.
    public var isConversation: Bool { self == .openUserTurn || self == .openAnswer }

    /// The form of a child of this snapshot.
    public var next: PromptForm {
      switch self {
      case .plain, .privateUse: self
      case .openUserTurn, .openAnswer: .openAnswer
      }
    }
  }

  /// How the elements of keys are laid out.
  public enum KeyLayout: Hashable, Sendable {
    /// After RoPE, half-split.
    case halfSplit
    /// A layout of another program.
    case privateUse(UInt32)
  }

  /// Layers of the model.
  public var layers: Int
  /// KV heads of a layer.
  public var kvHeads: Int
  /// Numbers of a key.
  public var keyLength: Int
  /// Numbers of a value.
  public var valueLength: Int
  /// Tokens of the context.
  public var tokens: Int
  /// How the text relates to the next prompt.
  public var promptForm: PromptForm
  /// The layout of keys.
  public var keyLayout = KeyLayout.halfSplit
  /// The type of the cache's keys: one of `ElementCodec.elements` or `foreign`. Chunks of the
  /// former may hold fewer bits.
  public var keyCodec: ElementCodec
  /// The type of the cache's values, likewise.
  public var valueCodec: ElementCodec
  /// The layers' shapes, where they are not all alike. `kvHeads`, `keyLength` and `valueLength` are
  /// then the greatest.
  public var shapes: LayerShapes?
  /// The scales of FP8 elements; nil if there are none.
  public var scales: FP8Scales?

  /// The position of the next token, whichever pairs are kept.
  public var nextPosition: Int { tokens }

  /// The length of the section in bytes.
  public static let byteCount = 48
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
    expected.scales = scales
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

}

extension ContextDescription {
  var encoded: [UInt8] {
    var writer = ByteWriter()
    for size in [layers, kvHeads, keyLength, valueLength] { writer.write(UInt32(clamping: size)) }
    writer.write(UInt64(clamping: tokens))
    writer.write(UInt64(clamping: nextPosition))
    writer.write(promptForm.rawValue)
    writer.write(keyLayout.rawValue)
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
    guard let keyLayout = KeyLayout(rawValue: try reader.read()) else {
      throw reader.error("an unknown key layout")
    }
    self.keyLayout = keyLayout
    keyCodec = try Self.precision(&reader)
    valueCodec = try Self.precision(&reader)
    try reader.expectEnd()
  }

  private static func precision(_ reader: inout ByteReader) throws(MalformedFile) -> ElementCodec {
    let value = try reader.read(UInt32.self)
    let known = ElementCodec.elements + ElementCodec.foreign
    guard let codec = ElementCodec(rawValue: value), known.contains(codec) else {
      throw reader.error("an unknown codec: \(value)")
    }
    return codec
  }
}

extension ContextDescription.PromptForm {
  /// The form of a number; nil if it is registered to nobody.
  public init?(rawValue: UInt32) {
    switch rawValue {
    case 0: self = .plain
    case 1: self = .openUserTurn
    case 2: self = .openAnswer
    case ElementCodec.firstPrivate...: self = .privateUse(rawValue)
    default: return nil
    }
  }

  /// The number in the file.
  public var rawValue: UInt32 {
    switch self {
    case .plain: 0
    case .openUserTurn: 1
    case .openAnswer: 2
    case .privateUse(let number): number
    }
  }
}

extension ContextDescription.KeyLayout {
  /// The layout of a number; nil if it is registered to nobody.
  public init?(rawValue: UInt32) {
    switch rawValue {
    case 1: self = .halfSplit
    case ElementCodec.firstPrivate...: self = .privateUse(rawValue)
    default: return nil
    }
  }

  /// The number in the file.
  public var rawValue: UInt32 {
    if case .privateUse(let number) = self { return number }
    return 1
  }
}
