import ByteIO
import CacheCodec
import CacheFormat
import Glibc
import Harness
import Mutation

private nonisolated(unsafe) var harness = Harness {
  $0 is MalformedFile || $0 is ParentMissing || $0 is IdentityMismatch
}

/// The snapshots that inputs may continue, the transforms that may have coded them, and the keys of
/// encrypted ones, from environment variables, with colons between paths.
private let companions = {
  var companions = Companions()
  companions.parents = paths("FUZZ_PARENTS")
  companions.transforms = paths("FUZZ_TRANSFORMS")
  companions.keys = KeyRing(FuzzKeys.files.compactMap { Secret(keyFile: $0) })
  return companions
}()

private func paths(_ variable: String) -> [String] {
  unsafe getenv(variable).map { unsafe String(cString: $0) }?
    .split(separator: ":").map(String.init) ?? []
}

/// libFuzzer calls this with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  unsafe harness.run(RawSpan(_unsafeStart: bytes, count: count), check)
  return 0
}

/// libFuzzer calls this for every new input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: CUnsignedInt
) -> Int {
  unsafe ContainerMutator.mutate(bytes, count: count, maximum: maximum, seed: seed)
}

/// The most bytes that are decoded: a valid file may need as much memory as its counts say, if its
/// chunks can hold that.
private let decodedLimit = 4 << 20
/// The most that a stream can decode to: a constant, and a number of bytes for each stored byte
/// (spec, section 5.5).
private let decodedPerStream = 1 << 20
private let decodedPerByte = 64
/// Four byte planes of positions, and at most 34 each of keys and of values.
private let streamsPerBlock = 72
/// A byte of codes of 4 bits becomes two elements of 4 bytes.
private let mostElementBytesPerByte = 8

/// A snapshot that opens keeps every byte of its metadata. One that verifies can be read at every
/// compression that it holds, and gives the same pairs at each.
///
/// One layer and one compression besides the least are tried, so that there is time for many
/// inputs. The file's own checksum chooses them.
private func check(_ path: String) throws {
  do {
    let reader = try SnapshotReader(path: path, keys: companions.keys)
    try check(path, reader)
  } catch is KeyProblem {
    // Encrypted, and nobody has the key.
  }
}

/// Whether all tiers can be read, and in order.
private func isReadable(_ reader: SnapshotReader) -> Bool {
  let tiers = reader.metadata.tiers
  return tiers.isRanked
    && (0..<tiers.tierCount).allSatisfy { tier in
      !reader.codec(of: .keys, tier: tier).isPrivate
        && !reader.codec(of: .values, tier: tier).isPrivate
    }
}

private func check(_ path: String, _ reader: SnapshotReader) throws {
  let container = try ContainerReader(path: path, kind: .snapshot, keys: companions.keys)
  try checkMetadata(reader, container)
  let decoded = decodedByteCount(reader.metadata)
  guard decoded <= decodedLimit else {
    if decoded > mostDecoded(reader) {
      require(try !isValid(path), "more than the chunks can hold is rejected")
    }
    return
  }
  let isValid = try isValid(path)
  guard isReadable(reader) else { return }
  let choice = Int(container.header.directoryChecksum >> 8 & 0xffff)
  let layer = choice % reader.metadata.context.layers
  guard reader.blocks == nil else {
    try checkCoded(path, reader, layer, companions, isValid: isValid)
    return
  }
  let ratios = reader.metadata.tiers.ratios
  let least = ratios[ratios.count - 1]
  do {
    let all = try checkedLayer(reader, layer, compression: least)
    try checkRows(reader, layer, all)
    let compression = (ratios + [ratios[0] + 1, least + 1])[choice % (ratios.count + 2)]
    for (less, more) in zip(
      try checkedLayer(reader, layer, compression: compression).heads, all.heads)
    {
      require(more.ranking.starts(with: less.ranking), "more compression keeps a prefix")
    }
    try checkCodes(reader, layer, compression: compression)
    if reader.metadata.tiers.isWhole, choice % 4 == 0 {
      require(
        try SnapshotChain(alone: reader).readLayer(layer, compression: nil) == all,
        "×1 is the whole cache")
    }
  } catch is MalformedFile {
    require(!isValid, "what verifies can be read")
  }
  if reader.metadata.parent != nil { try checkChain(path, layer) }
}

/// A chain that opens gives pairs at ascending positions of its context, and at all positions if it
/// is whole.
private func checkChain(_ path: String, _ layer: Int) throws {
  let chain = try SnapshotChain(path: path, with: companions)
  let context = chain.metadata.context
  let heads = try chain.readLayer(layer, compression: chain.leastCompression).heads
  for head in heads.prefix(context.kvHeads(ofLayer: layer)) {
    checkPairs(of: head, context, layer: layer)
    require(head.positions.allSatisfy { $0 < context.tokens }, "positions are the context's")
    require(
      !chain.isWhole || head.positions.count == context.tokens, "a whole chain has every pair")
  }
}

/// What holds for any head's pairs.
func checkPairs(of head: LayerPairs.Head, _ context: ContextDescription, layer: Int) {
  let count = head.positions.count
  require(zip(head.positions, head.positions.dropFirst()).allSatisfy(<), "positions ascend")
  require(
    head.keys.count == count * context.rowBytes(of: .keys, layer: layer), "a key for each")
  require(
    head.values.count == count * context.rowBytes(of: .values, layer: layer), "a value for each")
}

/// Whether `verify` accepts the file.
private func isValid(_ path: String) throws -> Bool {
  do {
    try Verification.verify(path: path, keys: companions.keys)
    return true
  } catch is MalformedFile {
    return false
  }
}

private func checkMetadata(_ reader: SnapshotReader, _ container: ContainerReader) throws {
  let metadata = reader.metadata
  require(metadata.tokens.count == metadata.context.tokens, "one id for each token")
  for section in metadata.sections where container.directory[section.type] != nil {
    let stored = try container.section(section.type).bytes
    require(stored == section.bytes, "\(section.type) is held whole")
  }
  try metadata.check(path: reader.path)
}

private func mostDecoded(_ reader: SnapshotReader) -> Int {
  let (context, tiers) = (reader.metadata.context, reader.metadata.tiers)
  return mostElementBytesPerByte
    * (decodedPerStream * streamsPerBlock * context.layers * tiers.tierCount
      + decodedPerByte * Int(reader.fileSize))
}

private func decodedByteCount(_ metadata: SnapshotMetadata) -> Int {
  let (context, tiers) = (metadata.context, metadata.tiers)
  let pairBytes = ChunkTable.Tensor.allCases.reduce(0) {
    $0 + context.rowBytes(of: $1, layer: 0)
  }
  let pairs = (0..<context.layers).reduce(0) { sum, layer in
    (0..<tiers.tierCount).reduce(sum) { $0 + tiers.pairs(tier: $1, layer: layer) }
  }
  return pairs * pairBytes
}

/// Reads a layer: as many pairs as the table says, in order, all different.
private func checkedLayer(
  _ reader: SnapshotReader, _ layer: Int, compression: Int
) throws -> LayerPairs {
  let (context, tiers) = (reader.metadata.context, reader.metadata.tiers)
  let pairs = try SnapshotChain(alone: reader).readLayer(layer, compression: compression)
  require(pairs.heads.count == context.kvHeads, "every head is there")
  for (index, head) in pairs.heads.enumerated() {
    let count = head.positions.count
    require(
      count == tiers.kept(compression: compression, layer: layer, head: index),
      "as many as ×N keeps")
    require(
      head.positions.allSatisfy { tiers.positions.contains(Int($0)) },
      "positions are those that the snapshot may hold")
    checkPairs(of: head, context, layer: layer)
    require(head.ranking.sorted() == head.positions, "the ranking is of the same pairs")
  }
  return pairs
}

/// Compares the keys and values of all stored pairs with those of the chunks, which are in order of
/// rank.
private func checkRows(_ reader: SnapshotReader, _ layer: Int, _ pairs: LayerPairs) throws {
  let (context, tiers) = (reader.metadata.context, reader.metadata.tiers)
  for tensor in [ChunkTable.Tensor.keys, .values] {
    let rowBytes = context.rowBytes(of: tensor, layer: layer)
    var ranks = [Int](repeating: 0, count: context.kvHeads)
    for tier in 0..<tiers.tierCount {
      var rest = try reader.readChunk(tier: tier, layer: layer, tensor: tensor)[...]
      for (index, head) in pairs.heads.enumerated() {
        let rows = tensor == .keys ? head.keys : head.values
        for _ in 0..<tiers.count(tier: tier, layer: layer, head: index) {
          let slot = head.positions.firstIndex(of: head.ranking[ranks[index]]) ?? 0
          let row = rows[slot * rowBytes..<(slot + 1) * rowBytes]
          require(row == rest.prefix(rowBytes), "a pair keeps its key and value")
          rest = rest.dropFirst(rowBytes)
          ranks[index] += 1
        }
      }
      require(rest.isEmpty, "a chunk has no row too many")
    }
  }
}

/// Reads the codes of quantised tiers: those of the pairs that ×N keeps of them.
private func checkCodes(_ reader: SnapshotReader, _ layer: Int, compression: Int) throws {
  let chain = SnapshotChain(alone: reader)
  var decoder = LayerDecoder(chain)
  let selection = try decoder.select(layer: layer, compression: compression)
  for tensor in [ChunkTable.Tensor.keys, .values] {
    let tiers = try chain.tiersNeeded(compression: compression).filter {
      !reader.codec(of: tensor, tier: $0.tier).isLossless
    }
    let length = reader.metadata.context.elementsPerPair(of: tensor, layer: layer)
    let some = decoder.restrict(selection, to: tiers)
    var slots = some.positions.map { _ in [UInt32]() }
    try decoder.readCodes(tensor, of: some) { head, stored in
      require(stored.codes.count == stored.slots.count * length, "codes for each pair")
      slots[head] += stored.slots.filter { $0 != .max }
    }
    for (slots, positions) in zip(slots, some.positions) {
      require(slots.sorted() == positions.indices.map { UInt32($0) }, "each pair once")
    }
  }
}
