import ByteIO

extension TierTable {
  /// The fixed fields' length in bytes.
  private static let prefixByteCount: UInt64 = 16
  /// The most elements that a chunk may have.
  private static let maximumElements = Int(Int32.max)

  /// The section's greatest length in bytes for a context.
  static func maximumByteCount(_ context: ContextDescription) -> UInt64 {
    byteCount(tiers: UInt64(maximumTiers), heads: UInt64(context.layers * context.kvHeads))
  }

  // Below 2³³ for all layers, heads and tiers within their limits.
  private static func byteCount(tiers: UInt64, heads: UInt64) -> UInt64 {
    prefixByteCount + 4 * (tiers + heads + tiers * heads)
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(scorer.rawValue)
    for size in [sinks, window, tierCount] + ratios { writer.write(UInt32(clamping: size)) }
    for floor in floors { writer.write(floor) }
    let heads = layers * kvHeads
    for (index, total) in totals.enumerated() {
      writer.write(index < heads ? total : total - totals[index - heads])
    }
    return writer.bytes
  }

  /// - Parameter firstPosition: The first position whose pairs the snapshot may hold; at most the
  ///   number of tokens.
  init(
    _ section: Section, context: ContextDescription, firstPosition: Int
  ) throws(MalformedFile) {
    var reader = section.reader
    let heads = context.layers * context.kvHeads
    scorer = ScorerID(rawValue: try reader.read())
    sinks = Int(try reader.read(UInt32.self))
    window = Int(try reader.read(UInt32.self))
    let tiers = try reader.read(UInt32.self)
    guard 1...Self.maximumTiers ~= Int(tiers) else {
      throw reader.error("an impossible number of tiers: \(tiers)")
    }
    let expected = Self.byteCount(tiers: UInt64(tiers), heads: UInt64(heads))
    guard section.bytes.count == expected else {
      throw reader.error("\(section.bytes.count) bytes, and its counts need \(expected)")
    }
    layers = context.layers
    kvHeads = context.kvHeads
    headCounts = context.shapes?.layers.map(\.kvHeads)
    positions = firstPosition..<context.tokens
    let tokens = positions.count
    ratios = try Self.ratios(&reader, count: Int(tiers))
    floors = try reader.readArray(UInt32.self, count: heads)
    guard floors.allSatisfy({ $0 <= tokens }) else {
      throw reader.error("a floor exceeds the number of tokens")
    }
    totals = try Self.totals(&reader, tiers: Int(tiers), heads: heads, tokens: tokens)
    try reader.expectEnd()
    try checkElements(context, section)
    try checkMissingHeads(section)
    guard isRanked || ratios == [1] && sinks == 0 && window == 0 && floors.allSatisfy({ $0 == 0 })
    else { throw section.reader.error("pairs that are not ranked, with tiers, sinks or floors") }
  }

  /// A head that its layer does not have has no pairs.
  private func checkMissingHeads(_ section: Section) throws(MalformedFile) {
    guard let headCounts else { return }
    for (layer, count) in headCounts.enumerated() {
      for head in count..<kvHeads {
        guard floor(layer: layer, head: head) == 0,
          total(through: tierCount - 1, layer: layer, head: head) == 0
        else { throw section.reader.error("layer \(layer) has no head \(head), yet pairs of it") }
      }
    }
  }

  private static func ratios(
    _ reader: inout ByteReader, count: Int
  ) throws(MalformedFile) -> [Int] {
    let ratios = try reader.readArray(UInt32.self, count: count).map { Int($0) }
    guard ratios.allSatisfy({ $0 >= 1 }), zip(ratios, ratios.dropFirst()).allSatisfy(>) else {
      throw reader.error("the ratios do not decrease: \(ratios)")
    }
    return ratios
  }

  /// Reads the counts and adds them up over the tiers.
  private static func totals(
    _ reader: inout ByteReader, tiers: Int, heads: Int, tokens: Int
  ) throws(MalformedFile) -> [UInt32] {
    var totals = try reader.readArray(UInt32.self, count: tiers * heads)
    for index in totals.indices {
      let before = index < heads ? 0 : totals[index - heads]
      let (total, overflow) = totals[index].addingReportingOverflow(before)
      guard !overflow, total <= tokens else {
        throw reader.error("the counts of head \(index % heads) exceed the number of tokens")
      }
      totals[index] = total
    }
    return totals
  }

  /// No chunk may have more elements than fit 31 bits. The product of the caps is below 2⁵⁷.
  private func checkElements(
    _ context: ContextDescription, _ section: Section
  ) throws(MalformedFile) {
    for layer in 0..<layers {
      let widest = ChunkTable.Tensor.allCases.reduce(0) {
        max($0, context.elementsPerPair(of: $1, layer: layer))
      }
      for tier in 0..<tierCount
      where pairs(tier: tier, layer: layer) * widest > Self.maximumElements {
        throw section.reader.error("tier \(tier), layer \(layer): too many elements for one chunk")
      }
    }
  }
}
