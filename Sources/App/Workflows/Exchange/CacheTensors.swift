import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles

/// A cache as a safetensors file.
///
/// The tensors are those that `verify --digests` names (spec, conformance.md): `tokens` and, for
/// each layer and head, `positions`, `keys` and `values`, in the cache's own type.
struct CacheTensors {
  /// The context's token ids.
  let tokens: [UInt32]
  /// Layers and heads, types and lengths of keys and values.
  let context: ContextDescription
  /// The number of pairs that each head holds, [layers][kvHeads].
  let counts: [[Int]]
  /// The digests of the snapshot's model; nil if the snapshot names only the model's files.
  let identity: Identity?

  /// Writes the file; one layer is in memory at a time.
  ///
  /// - Parameter heads: The pairs of a layer's heads, as many as `counts` says.
  /// - Returns: The file's size in bytes.
  /// - Throws: `SystemError`, and what `heads` throws.
  func write(to path: String, heads: (_ layer: Int) throws -> [PairBlock]) throws -> UInt64 {
    var file = try SequentialFile(path: path)
    try file.write(header + Self.bytes(tokens))
    for layer in 0..<context.layers {
      for head in try heads(layer) {
        for bytes in [Self.bytes(head.positions), head.keys, head.values] { try file.write(bytes) }
      }
    }
    return try file.commit()
  }

  private static func bytes(_ values: [UInt32]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.write(value) }
    return writer.bytes
  }

  private var header: [UInt8] {
    var tensors = [SafetensorsWriter.Tensor("tokens", .u32, [tokens.count])]
    for (layer, heads) in counts.enumerated() {
      for (head, pairs) in heads.enumerated() {
        for tensor in ChunkTable.Tensor.allCases {
          let length = context.elementsPerPair(of: tensor, layer: layer)
          tensors.append(
            SafetensorsWriter.Tensor(
              "layer\(layer).head\(head).\(tensor)", Self.type(context.codec(of: tensor)),
              tensor == .positions ? [pairs] : [pairs, length]))
        }
      }
    }
    let facts = Facts(identity: identity, promptForm: context.promptForm)
    return SafetensorsWriter(tensors, metadata: facts.metadata).header
  }

  /// The type of elements in safetensors.
  static func type(_ codec: ElementCodec) -> SafetensorsType {
    switch codec {
    case .float16: .f16
    case .bfloat16: .bf16
    case .float32: .f32
    default: .u32
    }
  }
}

extension CacheTensors {
  /// What `__metadata__` says of the snapshot that a file was.
  struct Facts {
    /// The name of the layout's version, the first one in the file.
    static let versionKey = "qfilters.cache"
    /// The version that this program writes and reads.
    static let version = "1"
    private static let formKey = "qfilters.promptForm"
    private static let digestKeys = [
      "qfilters.weights", "qfilters.architecture", "qfilters.rope", "qfilters.tokenizer",
    ]

    let identity: Identity?
    let promptForm: ContextDescription.PromptForm

    var metadata: [(name: String, text: String)] {
      let digests = identity.map { [$0.weights, $0.architecture, $0.rope, $0.tokenizer] } ?? []
      return [(Self.versionKey, Self.version), (Self.formKey, "\(promptForm.rawValue)")]
        + zip(Self.digestKeys, digests).map { ($0, $1.description) }
    }
  }
}

extension CacheTensors.Facts {
  /// Nil if a fact is missing or malformed. A file has all digests or none.
  init?(_ metadata: [String: String]) {
    guard let form = metadata[Self.formKey].flatMap({ UInt32($0) }),
      let promptForm = ContextDescription.PromptForm(rawValue: form)
    else { return nil }
    self.promptForm = promptForm
    let texts = Self.digestKeys.compactMap { metadata[$0] }
    guard !texts.isEmpty else {
      identity = nil
      return
    }
    let found = texts.compactMap(Digest.init(hexadecimal:))
    guard found.count == Self.digestKeys.count else { return nil }
    identity = Identity(
      weights: found[0], architecture: found[1], rope: found[2], tokenizer: found[3])
  }
}

extension Digest {
  /// The digest of 64 hexadecimal digits; nil for any other text.
  fileprivate init?(hexadecimal text: String) {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == 2 * Self.byteCount, text.utf8.count == digits.count else { return nil }
    self.init(
      stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
  }
}
