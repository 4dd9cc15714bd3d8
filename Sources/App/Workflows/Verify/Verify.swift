package import CacheCodec
package import CacheFormat
import QFilters
import Transforms

/// Checks whole files.
package enum Verify {
  /// Checks every byte of a file of any kind, and everything that a command would rely on. A
  /// snapshot's parents are checked before (`ancestors`; spec/conformance.md, order of checks).
  /// Its blocks are decoded if their transform is at hand; otherwise only their checksums are
  /// checked.
  ///
  /// - Parameter companions: Files in other folders that it needs.
  /// - Returns: The transform that was not at hand.
  /// - Throws: `MalformedFile` that names the section, `SystemError`.
  @discardableResult package static func run(
    path: String, with companions: Companions
  ) throws -> TransformReference? {
    switch try Verification.verify(path: path) {
    case .snapshot:
      let chain = SnapshotChain(alone: try SnapshotReader(path: path), with: companions)
      do {
        try chain.verifyBlocks()
      } catch let error as TransformMissing {
        return error.transform
      }
    case .filterBank: _ = try FilterBank(path: path)
    case .statistics: _ = try StatisticsFile(path: path)
    case .transform: _ = try TransformFile(path: path)
    case .transformSums: _ = try TransformSumsFile(path: path)
    }
    return nil
  }

  /// A snapshot's parents, nearest first, after checking that all of them belong together; empty
  /// for other kinds of file.
  ///
  /// - Parameter companions: Files in other folders that it needs.
  /// - Throws: As `SnapshotChain`.
  package static func ancestors(of path: String, with companions: Companions) throws -> [String] {
    guard try ContainerReader(path: path).header.kind == .snapshot else { return [] }
    return try SnapshotChain(path: path, with: companions).snapshots.dropLast().reversed().map(
      \.path)
  }
}
