import CacheCodec
import CacheFormat
import QFilters

/// Checks whole files.
package enum Verify {
  /// Checks every byte of a file of any kind, and everything that a command would rely on. A
  /// snapshot's parents are checked before (`ancestors`; spec/conformance.md, order of checks).
  ///
  /// - Throws: `MalformedFile` that names the section, `SystemError`.
  package static func run(path: String) throws {
    switch try Verification.verify(path: path) {
    case .snapshot: break
    case .filterBank: _ = try FilterBank(path: path)
    case .statistics: _ = try StatisticsFile(path: path)
    case .transform: _ = try TransformFile(path: path)
    }
  }

  /// A snapshot's parents, nearest first, after checking that all of them belong together; empty
  /// for other kinds of file.
  ///
  /// - Parameter parents: Snapshots that it continues, if they are not in its folder.
  /// - Throws: As `SnapshotChain`.
  package static func ancestors(of path: String, parents: [String]) throws -> [String] {
    guard try ContainerReader(path: path).header.kind == .snapshot else { return [] }
    return try SnapshotChain(path: path, parents: parents).snapshots.dropLast().reversed().map(
      \.path)
  }
}
