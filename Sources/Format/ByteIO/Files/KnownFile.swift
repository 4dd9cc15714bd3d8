/// Recognises kinds of file by their first bytes, for messages about a wrong file.
///
/// Readers of model files need the container's names too, and they do not import the container. So
/// this is their one source.
package enum KnownFile {
  /// The eight bytes that begin every file of the container (spec, section 2.1).
  package static let containerMagic: [UInt8] = [0x89, 0x4B, 0x56, 0x51, 0x0D, 0x0A, 0x1A, 0x0A]
  /// The container's kinds: the four letters that follow the magic, and the kind in words.
  package static let containerKinds = [
    "SNAP": "a snapshot", "FILT": "a filter bank", "STAT": "calibration statistics",
    "TRAN": "a transform", "TSUM": "sums for a transform",
  ]

  private static let beginnings: [(bytes: [UInt8], name: String)] = [
    (Array("GGUF".utf8), "a GGUF model"),
    (Array("%PDF".utf8), "a PDF"), (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
    ([0x1F, 0x8B], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
    ([0xFF, 0xFE], "text in UTF-16"), ([0xFE, 0xFF], "text in UTF-16"),
  ]

  /// What a file seems to be, as in "a GGUF model"; nil if its beginning is not known.
  ///
  /// - Parameter bytes: The first 16 or more; all of a shorter file.
  package static func name(startingWith bytes: some Sequence<UInt8>) -> String? {
    let bytes = Array(bytes.prefix(16))
    guard !bytes.isEmpty else { return "an empty file" }
    if bytes.starts(with: containerMagic) {
      return containerKinds[String(decoding: bytes[8...].prefix(4), as: UTF8.self)]
    }
    // The header's length in 64 bits, of which the upper half is never used, and JSON.
    let isSafetensors =
      bytes.count > 9 && bytes[4..<8].allSatisfy { $0 == 0 }
      && bytes[8...].starts(with: Array(#"{""#.utf8))
    return isSafetensors
      ? "a safetensors file" : beginnings.first { bytes.starts(with: $0.bytes) }?.name
  }
}
