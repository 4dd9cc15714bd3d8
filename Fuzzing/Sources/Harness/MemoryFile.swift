import CFuzzing
import Glibc

/// A file in memory whose contents are replaced for each input: the cheapest file that readers can
/// open by path.
struct MemoryFile: ~Copyable {
  /// The path by which readers open it.
  let path: String
  private let descriptor: Int32
  private var size = 0

  /// An empty file.
  init() {
    descriptor = fz_memory_file()
    require(descriptor >= 0, "no file in memory")
    path = "/proc/self/fd/\(descriptor)"
  }

  deinit { close(descriptor) }

  /// Makes `bytes` the file's contents.
  mutating func replaceContents(with bytes: RawSpan) {
    let written = unsafe bytes.withUnsafeBytes {
      unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0)
    }
    require(written == bytes.byteCount, "the file in memory is full")
    guard size != bytes.byteCount else { return }
    size = bytes.byteCount
    require(ftruncate(descriptor, size) == 0, "the file in memory cannot be cut")
  }
}
