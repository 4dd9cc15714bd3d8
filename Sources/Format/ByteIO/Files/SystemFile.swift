import Platform

/// Small texts that the system offers as files. Such files have no size.
package enum SystemFile {
  /// The text at `path`, at most 4 KiB of it; nil if there is none.
  package static func text(_ path: String) -> String? {
    let file = FileDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC))
    guard file.raw >= 0 else { return nil }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, unsafe read(file.raw, buffer.baseAddress, buffer.count))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
