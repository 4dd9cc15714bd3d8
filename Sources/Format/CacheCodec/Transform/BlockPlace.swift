import ByteIO

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
  var mismatch: MalformedFile {
    MalformedFile(
      path: path, section: section, offset: offset,
      problem: "checksum mismatch; copy or write the file again")
  }
}
