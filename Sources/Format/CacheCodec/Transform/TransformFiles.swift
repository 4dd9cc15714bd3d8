import ByteIO
import CacheFormat
import Synchronization

/// The transforms of a chain's snapshots, each read when it is needed first.
final class TransformFiles: Sendable {
  /// Files that were named; one that has the digest is preferred to a file in the snapshot's
  /// folder.
  private let paths: [String]
  private let known = Mutex<[Digest: TransformFile]>([:])

  init(_ paths: [String]) { self.paths = paths }

  /// The transform that a snapshot refers to.
  ///
  /// - Throws: `TransformMissing`; `MalformedFile` if a file is damaged; `SystemError`.
  func file(_ reference: TransformReference, of path: String) throws -> TransformFile {
    try known.withLock { known in
      if let file = known[reference.digest] { return file }
      for path in paths {
        let file = try TransformFile(path: path)
        known[file.digest] = file
      }
      if let file = known[reference.digest] { return file }
      func missing(isReplaced: Bool) -> TransformMissing {
        TransformMissing(
          path: path, transform: reference, othersAreNamed: !paths.isEmpty, isReplaced: isReplaced)
      }
      let sibling = Folder.sibling(of: path, named: reference.fileName)
      guard Folder.isFile(sibling) else { throw missing(isReplaced: false) }
      let file = try TransformFile(path: sibling)
      guard file.digest == reference.digest else { throw missing(isReplaced: true) }
      known[reference.digest] = file
      return file
    }
  }
}
