import CacheCodec
import CacheFormat
import QFilters

/// Whether all of a file is sound.
public enum Verify {
  /// Checks every byte of a file of any kind, and everything that a command would rely on.
  ///
  /// - Throws: `MalformedFile` that names the section, `SystemError`.
  public static func run(path: String) throws {
    switch try Verification.verify(path: path) {
    case .snapshot: break
    case .filterBank: _ = try FilterBank(path: path)
    case .statistics: _ = try StatisticsFile(path: path)
    }
  }
}
