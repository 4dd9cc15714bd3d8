/// What a chunk holds (spec, section 5.5). All of it follows from codec and counts.
public struct ChunkShape: Sendable, Equatable {
  /// Pairs of a head that share scales and minima, in order of rank.
  public static let groupSize = 64
  /// The length of the checksum of decoded frames. It follows the streams of a chunk that has
  /// frames.
  public static let decodedChecksumByteCount = 8

  /// How the elements are stored.
  public let codec: ElementCodec
  /// What they are.
  public let tensor: ChunkTable.Tensor
  /// Elements of one pair.
  public let rowLength: Int
  /// Pairs of all heads together.
  public let pairs: Int
  /// The number of scales, which is also the number of minima; 0 for a lossless codec.
  public let parameters: Int

  /// The number of elements.
  public var elements: Int { pairs * rowLength }

  /// Whether a head's elements are ordered by their index in a key, instead of pair by pair.
  public var isByElement: Bool { tensor == .keys && codec.isLossless }

  /// The decoded length of each stream in bytes, in the order of the chunk.
  public var streamLengths: [Int] {
    switch codec {
    case .int8: [elements] + Array(repeating: parameters, count: 4)
    case .int4: [(elements + 1) / 2] + Array(repeating: parameters, count: 4)
    default: Array(repeating: elements, count: codec.width)  // None for a codec without planes.
    }
  }

  /// The lengths that the stored bytes may have.
  ///
  /// - Parameter overhead: How much longer encryption makes them.
  func storedLengths(overhead: Int) -> ClosedRange<Int> {
    if codec.isPrivate { return overhead...Int.max }
    let lengths = streamLengths
    guard !lengths.isEmpty else { return 0...0 }
    let least = 4 * lengths.count + overhead
    return least...lengths.reduce(least + Self.decodedChecksumByteCount, +)
  }

  /// The number of scales of a head's pairs: for keys, one for each element and group; for values,
  /// one for each pair.
  public static func parameters(
    of pairs: Int, codec: ElementCodec, tensor: ChunkTable.Tensor, rowLength: Int
  ) -> Int {
    guard codec == .int8 || codec == .int4 else { return 0 }
    return tensor == .keys ? (pairs + groupSize - 1) / groupSize * rowLength : pairs
  }

  /// The shape of the chunk of a tier, layer and tensor.
  public init(
    tier: Int, layer: Int, tensor: ChunkTable.Tensor, codec: ElementCodec,
    context: ContextDescription, tiers: TierTable
  ) {
    self.codec = codec
    self.tensor = tensor
    rowLength = context.elementsPerPair(of: tensor, layer: layer)
    var (pairs, parameters) = (0, 0)
    for head in 0..<tiers.kvHeads {
      let count = tiers.count(tier: tier, layer: layer, head: head)
      pairs += count
      parameters += Self.parameters(of: count, codec: codec, tensor: tensor, rowLength: rowLength)
    }
    (self.pairs, self.parameters) = (pairs, parameters)
  }
}
