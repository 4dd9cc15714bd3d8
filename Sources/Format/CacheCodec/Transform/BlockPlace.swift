import ByteIO
import CacheFormat

/// Names a block in error messages.
struct BlockPlace: Sendable {
  let path: String
  let block: Int
  let group: Int
  /// The block's first byte, from the start of the file.
  let offset: UInt64

  /// The section's name, with the block's.
  var section: String { "DATA, group \(group), block \(block)" }

  /// The block's checksum does not match.
  ///
  /// - Parameter other: The place of the block whose checksum it is.
  func mismatch(exchangedWith other: Int?) -> MalformedFile {
    error(
      other.map { "checksum mismatch: these are the bytes of block \($0) of BLKS" }
        ?? "checksum mismatch; copy or write the file again")
  }

  /// The block's checksum is right, and its tag is not.
  var notAuthentic: MalformedFile { error(ContainerReader.notAuthentic) }

  private func error(_ problem: String) -> MalformedFile {
    MalformedFile(path: path, section: section, offset: offset, problem: problem)
  }
}
