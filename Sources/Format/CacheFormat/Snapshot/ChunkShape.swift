/// How many bytes of what a chunk holds (spec, section 5.5); all of it follows from codec and counts.
public struct ChunkShape: Sendable, Equatable {
  /// Pairs of a head that share scales and minima, in order of rank.
  public static let groupSize = 64
  /// The checksum of what frames decode to, behind the streams of a chunk that has frames.
  public static let decodedChecksumByteCount = 8

  /// How the elements are stored.
  public let codec: ElementCodec
  /// What they are.
  public let tensor: ChunkTable.Tensor
  /// Elements of one pair.
  public let rowLength: Int
  /// Pairs of all heads.
  public let pairs: Int
  /// How many scales, and as many minima, there are; 0 for a lossless codec.
  public let parameters: Int

  /// The number of elements.
  public var elements: Int { pairs * rowLength }

  /// Whether each head's elements stand by their index in a key instead of pair by pair.
  public var isByElement: Bool { tensor == .keys && codec.isLossless }

  /// The decoded length of each stream in bytes, in the order of the chunk.
  public var streamLengths: [Int] {
    switch codec {
    case .int8: [elements] + Array(repeating: parameters, count: 4)
    case .int4: [(elements + 1) / 2] + Array(repeating: parameters, count: 4)
    default: Array(repeating: elements, count: codec.width)
    }
  }

  /// How many scales a head's pairs have: one a key element for each group, one a value.
  public static func parameters(
    of pairs: Int, codec: ElementCodec, tensor: ChunkTable.Tensor, rowLength: Int
  ) -> Int {
    guard !codec.isLossless else { return 0 }
    return tensor == .keys ? (pairs + groupSize - 1) / groupSize * rowLength : pairs
  }

  /// The shape of a chunk of a context's tier and layer.
  public init(
    tier: Int, layer: Int, tensor: ChunkTable.Tensor, codec: ElementCodec,
    context: ContextDescription, tiers: TierTable
  ) {
    self.codec = codec
    self.tensor = tensor
    rowLength = context.elementsPerPair(of: tensor)
    var (pairs, parameters) = (0, 0)
    for head in 0..<tiers.kvHeads {
      let count = tiers.count(tier: tier, layer: layer, head: head)
      pairs += count
      parameters += Self.parameters(of: count, codec: codec, tensor: tensor, rowLength: rowLength)
    }
    (self.pairs, self.parameters) = (pairs, parameters)
  }
}
