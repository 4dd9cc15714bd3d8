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
  /// Its place in the chunk table.
  let index: Int

  /// The section's name, with the chunk's.
  var section: String { "DATA, tier \(tier), layer \(layer), \(tensor)" }

  /// The chunk's checksum does not match.
  ///
  /// - Parameter other: The place of the chunk whose checksum it is.
  func mismatch(exchangedWith other: Int?) -> MalformedFile {
    error(
      other.map { "checksum mismatch: these are the bytes of chunk \($0) of CHNK" }
        ?? "checksum mismatch; copy or write the file again")
  }

  /// The chunk's checksum is right, and its tag is not.
  var notAuthentic: MalformedFile { error(ContainerReader.notAuthentic) }

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
