import ByteIO
import Glibc

/// The key files that the fuzzer has: those that the environment variable `FUZZ_KEYS` names, with
/// colons between paths.
public enum FuzzKeys {
  /// The bytes of each.
  public static let files: [[UInt8]] = {
    let paths = unsafe getenv("FUZZ_KEYS").map { unsafe String(cString: $0) } ?? ""
    return paths.split(separator: ":").compactMap { path in
      guard let file = try? RandomAccessFile(path: String(path)) else { return nil }
      return try? file.read(at: 0, count: Int(file.size), section: "key")
    }
  }()
}
