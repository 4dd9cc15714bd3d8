package import CacheCodec
package import CacheFormat
import QFilters
import Transforms

/// Checks whole files.
package enum Verify {
  /// Checks every byte of a file of any kind, and everything that a command would rely on. A
  /// snapshot's parents are checked before (`ancestors`; spec/conformance.md, order of checks),
  /// and its blocks are only read (`blocks`).
  ///
  /// - Throws: `MalformedFile` that names the section, `KeyProblem`, `SystemError`.
  package static func run(path: String, keys: KeyRing = .none) throws {
    switch try Verification.verify(path: path, keys: keys) {
    case .snapshot: break
    case .filterBank: _ = try FilterBank(path: path)
    case .statistics: _ = try StatisticsFile(path: path)
    case .transform: _ = try TransformFile(path: path)
    case .transformSums: _ = try TransformSumsFile(path: path)
    }
  }

  /// Decodes a snapshot's blocks, if its transform is at hand.
  ///
  /// - Parameter companions: Files in other folders that it needs.
  /// - Returns: The transform that was not at hand.
  /// - Throws: `TransformMissing` if others were named; `MalformedFile` that names the block,
  ///   `SystemError`.
  package static func blocks(
    of path: String, with companions: Companions
  ) throws -> TransformReference? {
    guard try ContainerReader(path: path).header.kind == .snapshot else { return nil }
    do {
      let reader = try SnapshotReader(path: path, keys: companions.keys)
      try SnapshotChain(alone: reader, with: companions).verifyBlocks()
      return nil
    } catch let error as TransformMissing where companions.transforms.isEmpty {
      return error.transform
    }
  }

  /// Where a snapshot's parents are, nearest first, after checking that all belong together;
  /// empty for other kinds of file.
  ///
  /// - Parameter companions: Files in other folders that it needs.
  /// - Throws: As `SnapshotChain`.
  package static func ancestors(of path: String, with companions: Companions) throws -> [String] {
    guard try ContainerReader(path: path).header.kind == .snapshot else { return [] }
    return try SnapshotChain(path: path, with: companions).snapshots.dropLast().reversed().map(
      \.location)
  }
}
