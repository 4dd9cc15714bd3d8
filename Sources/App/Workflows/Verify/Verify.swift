import CacheCodec
import CacheFormat
import QFilters

/// Whether all of a file is sound.
public enum Verify {
  /// Checks every byte of a file of any kind, and everything that a command would rely on; but not what a
  /// snapshot continues, which comes first (`ancestors`; spec/conformance.md, order of checks).
  ///
  /// - Throws: `MalformedFile` that names the section, `SystemError`.
  public static func run(path: String) throws {
    switch try Verification.verify(path: path) {
    case .snapshot: break
    case .filterBank: _ = try FilterBank(path: path)
    case .statistics: _ = try StatisticsFile(path: path)
    }
  }

  /// What a snapshot goes on from, nearest first, once it is clear that all of it belongs together; nothing for
  /// other kinds of file.
  ///
  /// - Parameter parents: Snapshots that it may go on from, beside those in its folder.
  /// - Throws: As `SnapshotChain`.
  public static func ancestors(of path: String, parents: [String]) throws -> [String] {
    guard try ContainerReader(path: path).header.kind == .snapshot else { return [] }
    return try SnapshotChain(path: path, parents: parents).snapshots.dropLast().reversed().map(
      \.path)
  }
}
