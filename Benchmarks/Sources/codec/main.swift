// How fast a snapshot's pairs decode and encode, for each core, what they take, and what encryption
// adds to reading ×8.
//
//     codec SNAPSHOT SCRATCH-FILE SCRATCH-FILE
//
// Prints JSON. Memory is touched before it is measured, and processor time is counted, so that
// neither fresh pages nor the disk nor the number of threads count.
import CacheCodec
import CacheFormat
import Glibc

/// The least processor seconds of a few runs.
func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  var least = Double.infinity
  for _ in 0..<4 {
    let start = clock()
    try body()
    least = min(least, Double(clock() - start) / Double(CLOCKS_PER_SEC))
  }
  return least
}

let arguments = CommandLine.arguments
let reader = try SnapshotReader(path: arguments[1])
let (context, tiers) = (reader.metadata.context, reader.metadata.tiers)
let tensors = [ChunkTable.Tensor.keys, .values]

func rowBytes(_ tensor: ChunkTable.Tensor) -> Int {
  context.rowBytes(of: tensor, layer: 0)
}

let raw =
  tensors.reduce(0) { $0 + context.tokens * rowBytes($1) } * context.layers * context.kvHeads
var memory = tensors.map { tensor in
  (0..<context.kvHeads).map { _ in [UInt8](repeating: 1, count: context.tokens * rowBytes(tensor)) }
}

@MainActor func decode(_ reader: SnapshotReader, compression: Int?) throws {
  var decoder = LayerDecoder(SnapshotChain(alone: reader))
  for layer in 0..<context.layers {
    let selection = try decoder.select(layer: layer, compression: compression)
    for (index, tensor) in tensors.enumerated() {
      try decoder.decode(tensor, of: selection) { head, write in
        var span = memory[index][head].mutableSpan
        var bytes = unsafe span.mutableBytes
        write(&bytes)
      }
    }
  }
}

let decoding = try processorSeconds { try decode(reader, compression: nil) }

// One tier and layer at a time, as the file has them; positions in a tier's order are not
// needed.
var blocks: [PairBlock] = []
for tier in 0..<tiers.tierCount {
  for layer in 0..<context.layers {
    let stored = try reader.readChunk(tier: tier, layer: layer, tensor: .positions)
    var positions = unsafe stored.withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map {
        unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
    if tiers.isByPosition(tier: tier) {
      var start = 0
      for head in 0..<tiers.kvHeads {
        let end = start + tiers.count(tier: tier, layer: layer, head: head)
        for index in start..<end where index > start {
          positions[index] += positions[index - 1] + 1
        }
        start = end
      }
    }
    blocks.append(
      PairBlock(
        positions: positions, keys: try reader.readChunk(tier: tier, layer: layer, tensor: .keys),
        values: try reader.readChunk(tier: tier, layer: layer, tensor: .values)))
  }
}
@MainActor func encode(to path: String, secrets: [Secret] = []) throws {
  var writer = try SnapshotWriter(path: path, metadata: reader.metadata, secrets: secrets)
  for first in stride(from: 0, to: blocks.count, by: 4) {
    try writer.append(Array(blocks[first..<min(first + 4, blocks.count)]))
  }
  _ = try writer.finish()
}

/// Opens a written snapshot and decodes ×8.
@MainActor func readPart(_ path: String, _ keys: KeyRing = .none) throws -> Double {
  try processorSeconds { try decode(SnapshotReader(path: path, keys: keys), compression: 8) }
}

let encoding = try processorSeconds { try encode(to: arguments[2]) }
let secrets = Secret(keyFile: [UInt8](repeating: 1, count: 32)).map { [$0] } ?? []
try encode(to: arguments[3], secrets: secrets)
// In turn, so that both meet the same machine.
var (plain, encrypted) = (Double.infinity, Double.infinity)
for _ in 0..<5 {
  plain = min(plain, try readPart(arguments[2]))
  encrypted = min(encrypted, try readPart(arguments[3], KeyRing(secrets)))
}

let sizes = SnapshotSizes(reader)
print(
  """
  {"raw": \(raw), "keys": \(sizes.size(tensor: .keys).stored), \
  "values": \(sizes.size(tensor: .values).stored), \
  "decodeSeconds": \(decoding), "encodeSeconds": \(encoding), \
  "encryptedRatio": \(encrypted / plain)}
  """)
