import ByteIO
import CacheFormat

/// Names a chunk in error messages.
struct ChunkPlace: Sendable {
  let path: String
  let tier: Int
  let layer: Int
  let tensor: ChunkTable.Tensor
  /// The chunk's first byte, from the start of the file.
  let offset: UInt64

  /// The section's name, with the chunk's.
  var section: String { "DATA, tier \(tier), layer \(layer), \(tensor)" }

  /// The chunk's checksum does not match.
  var mismatch: MalformedFile { error("checksum mismatch; copy or write the file again") }

  /// The frames do not decode to the bytes that were compressed.
  var decodedMismatch: MalformedFile {
    error("the decoded bytes have another checksum; write the file again")
  }

  /// An error at a byte of the chunk.
  func error(_ problem: String, at position: Int = 0) -> MalformedFile {
    MalformedFile(
      path: path, section: section, offset: offset + UInt64(position), problem: problem)
  }
}
