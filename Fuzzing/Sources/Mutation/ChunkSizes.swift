/// The chunks that a snapshot's counts ask for.
struct ChunkSizes {
  private let context: [UInt8]
  private let tiers: [UInt8]
  private let layers: Int
  private let heads: Int
  private let tierCount: Int

  /// Nil if the counts ask for more chunks than are made.
  init?(context: [UInt8], tiers: [UInt8]) {
    layers = Sizes.product(context.u32(0))
    heads = Sizes.product(context.u32(4))
    tierCount = Sizes.product(tiers.u32(12))
    let entries = 3 * Sizes.product(context.u32(0), tiers.u32(12))
    guard entries * Chunks.entryByteCount <= Sizes.limit else { return nil }
    guard tiers.count >= 16 + 4 * (tierCount + layers * heads * (tierCount + 1)) else { return nil }
    self.context = context
    self.tiers = tiers
  }

  /// Keeps the chunks whose planes add up. Replaces the others by new ones, whose planes are not
  /// compressed.
  func repair(_ image: inout ContainerImage) {
    guard var table = image["CHNK"], let data = image["DATA"] else { return }
    let places = Chunks.places(table, data)
    table.resize(to: 3 * tierCount * layers * Chunks.entryByteCount)
    var repaired: [UInt8] = []
    for index in 0..<3 * tierCount * layers {
      let (tensor, block) = (index % 3, index / 3)
      let codec = codec(index, table)
      let lengths = streamLengths(tensor: tensor, block: block, codec: codec)
      var chunk = index < places.count ? Array(data[places[index]]) : []
      if !Self.addsUp(chunk, lengths), lengths.reduce(0, +) < 4 * Sizes.limit {
        chunk = tensor == 0 ? positions(block, codec) : Self.stored(chunk, lengths)
      }
      table.set(UInt64(chunk.count), at: index * Chunks.entryByteCount)
      table.set(codec, at: index * Chunks.entryByteCount + Chunks.codecOffset)
      repaired += chunk
    }
    image["CHNK"] = table
    image["DATA"] = repaired
  }

  /// How many pairs a head has in a tier.
  private func count(tier: Int, layer: Int, head: Int) -> Int {
    let heads = layers * heads
    let index = (tier * layers + layer) * self.heads + head
    return Sizes.product(tiers.u32(16 + 4 * (tierCount + heads + index)))
  }

  /// How many pairs a block, one tier of one layer, has.
  private func pairs(_ block: Int) -> Int {
    let (tier, layer) = (block / layers, block % layers)
    let sum = (0..<heads).reduce(0) { $0 + count(tier: tier, layer: layer, head: $1) }
    return min(sum, Sizes.limit)
  }

  /// Whether a tier's pairs are in order of position.
  private func isByPosition(_ tier: Int) -> Bool {
    tier > 0 && tiers.u32(16 + 4 * tier) == 1 && tiers.u32(12 + 4 * tier) == 2
  }

  /// The table's value if a chunk may have it, otherwise the context's; the same in all layers.
  private func codec(_ index: Int, _ table: [UInt8]) -> UInt32 {
    let (tensor, tier) = (index % 3, index / 3 / layers)
    guard tensor > 0 else { return isByPosition(tier) ? 7 : 1 }
    let first = table.u32((tier * layers * 3 + tensor) * Chunks.entryByteCount + Chunks.codecOffset)
    return first == 5 || first == 6 ? first : context.u32(36 + 4 * tensor)
  }

  /// The decoded length of each stream of a chunk.
  private func streamLengths(tensor: Int, block: Int, codec: UInt32) -> [Int] {
    let pairs = pairs(block)
    let length = tensor == 0 ? 1 : context.u32(4 + 4 * tensor)
    let elements = Sizes.product(UInt32(pairs), codec == 11 ? length / 32 : length)
    guard codec == 5 || codec == 6 else {
      return Array(repeating: elements, count: Chunks.streams(of: codec))
    }
    let (tier, layer) = (block / layers, block % layers)
    let groups = (0..<heads).reduce(0) {
      $0 + (count(tier: tier, layer: layer, head: $1) + 63) / 64
    }
    let scales = tensor == 1 ? Sizes.product(UInt32(min(groups, Sizes.limit)), length) : pairs
    return [codec == 5 ? elements : (elements + 1) / 2] + Array(repeating: scales, count: 4)
  }

  private static func addsUp(_ chunk: [UInt8], _ decoded: [Int]) -> Bool {
    let lengths = decoded.indices.map { Int(chunk.u32(4 * $0)) }
    let hasFrames = zip(lengths, decoded).contains { $0 < $1 }
    return chunk.count >= 4 * decoded.count && zip(lengths, decoded).allSatisfy { $0 <= $1 }
      && lengths.reduce(4 * decoded.count, +) + (hasFrames ? 8 : 0) == chunk.count
  }

  /// A chunk with as many of the old one's bytes as fit, and no compressed streams.
  private static func stored(_ old: [UInt8], _ lengths: [Int]) -> [UInt8] {
    var chunk = old
    chunk.resize(to: lengths.reduce(4 * lengths.count, +))
    for (stream, length) in lengths.enumerated() { chunk.set(UInt32(length), at: 4 * stream) }
    return chunk
  }

  /// A chunk of positions that are all different: each head's continue after its last tier.
  private func positions(_ block: Int, _ codec: UInt32) -> [UInt8] {
    let (tier, layer) = (block / layers, block % layers)
    var all: [UInt32] = []
    for head in 0..<heads {
      let start = (0..<tier).reduce(0) { $0 + count(tier: $1, layer: layer, head: head) }
      all += (0..<count(tier: tier, layer: layer, head: head)).map { index in
        codec == 1 ? UInt32(start + index) : index == 0 ? UInt32(start) : 0
      }
    }
    let planes = (0..<4).flatMap { plane in
      all.map { UInt8(truncatingIfNeeded: $0 >> (8 * plane)) }
    }
    let lengths = Array(repeating: all.count, count: 4)
    return Self.stored(Array(repeating: 0, count: 16) + planes, lengths)
  }
}
