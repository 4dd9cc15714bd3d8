/// What the counts of a snapshot say of its chunks.
struct ChunkSizes {
  private let context: [UInt8]
  private let tiers: [UInt8]
  private let layers: Int
  private let heads: Int
  private let tierCount: Int

  /// Nil if the counts ask for more chunks than are made to fit.
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

  /// Keeps the chunks whose planes add up, and writes new ones, of planes stored as they are, for the
  /// others.
  func repair(_ image: inout ContainerImage) {
    guard var table = image["CHNK"], let data = image["DATA"] else { return }
    let places = Chunks.places(table, data)
    table.resize(to: 3 * tierCount * layers * Chunks.entryByteCount)
    var repaired: [UInt8] = []
    for index in 0..<3 * tierCount * layers {
      let (tensor, block) = (index % 3, index / 3)
      let codec = tensor == 0 ? 1 : context.u32(36 + 4 * tensor)
      let (pairs, width) = (pairs(block), codec == 3 ? 2 : 4)
      let elements = tensor == 0 ? pairs : Sizes.product(UInt32(pairs), context.u32(4 + 4 * tensor))
      var chunk = index < places.count ? Array(data[places[index]]) : []
      if !Self.addsUp(chunk, elements: elements, width: width), elements < Sizes.limit {
        chunk = tensor == 0 ? positions(block) : Self.stored(chunk, elements, width)
      }
      table.set(UInt64(chunk.count), at: index * Chunks.entryByteCount)
      table.set(codec, at: index * Chunks.entryByteCount + 16)
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

  private static func addsUp(_ chunk: [UInt8], elements: Int, width: Int) -> Bool {
    let lengths = (0..<width).map { Int(chunk.u32(4 * $0)) }
    return chunk.count >= 4 * width && lengths.allSatisfy { $0 <= elements }
      && lengths.reduce(4 * width, +) == chunk.count
  }

  /// A chunk with as much of the old one's bytes as there is room for.
  private static func stored(_ old: [UInt8], _ elements: Int, _ width: Int) -> [UInt8] {
    var chunk = old
    chunk.resize(to: width * (4 + elements))
    for plane in 0..<width { chunk.set(UInt32(elements), at: 4 * plane) }
    return chunk
  }

  /// A chunk of positions that are all different: each head's go on where its last tier ended.
  private func positions(_ block: Int) -> [UInt8] {
    let (tier, layer) = (block / layers, block % layers)
    var all: [UInt32] = []
    for head in 0..<heads {
      let start = (0..<tier).reduce(0) { $0 + count(tier: $1, layer: layer, head: head) }
      all += (0..<count(tier: tier, layer: layer, head: head)).map { UInt32(start + $0) }
    }
    let planes = (0..<4).flatMap { plane in
      all.map { UInt8(truncatingIfNeeded: $0 >> (8 * plane)) }
    }
    return Self.stored(Array(repeating: 0, count: 16) + planes, all.count, 4)
  }
}
