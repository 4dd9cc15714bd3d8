import ByteIO
import FoundationEssentials

/// A fixture with the zeros that its committed form leaves out: a sparse temporary file.
struct SparseCopy {
  let path: String

  /// - Throws: `MalformedFile` if the zeros are outside the file, `SystemError`.
  init(of bytes: [UInt8], zeros: ConformanceManifest.Zeros, path original: String) throws {
    guard let at = Int(exactly: zeros.at), at <= bytes.count, zeros.count <= 1 << 40 else {
      throw MalformedFile(
        path: original, section: "manifest", problem: "zeros outside the file, or over 1 TiB")
    }
    let name = Folder.name(of: original)
    path =
      FileManager.default.temporaryDirectory
      .appending(path: "qfilters-\(UUID().uuidString)-\(name)").path
    let file = try AtomicFile(path: path)
    try file.write(Array(bytes[..<at]), at: 0)
    if at < bytes.count {
      try file.write(Array(bytes[at...]), at: zeros.at + zeros.count)
    } else if zeros.count > 0 {
      // Nothing follows the zeros. Writing the last one gives the file its size.
      try file.write([0], at: zeros.at + zeros.count - 1)
    }
    try file.commit()
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
