import ByteIO
import CacheFormat
import Synchronization

/// The transforms of a chain's snapshots, each read when it is needed first.
final class TransformFiles: Sendable {
  /// Files that were named; one that has the digest is preferred to a file in the snapshot's
  /// folder.
  private let paths: [String]
  /// By the bytes of their paths: texts may be equal that name different files.
  private let known = Mutex<[[UInt8]: TransformFile]>([:])

  init(_ paths: [String]) { self.paths = paths }

  /// The transform that the snapshot at `location` refers to: a file that was named, or the one of
  /// that name in the snapshot's folder. Another file with the digest does not count.
  ///
  /// - Throws: `TransformMissing`; `MalformedFile` if a file is damaged; `SystemError`;
  ///   `RemoteFileError`.
  func file(_ reference: TransformReference, of location: String) throws -> TransformFile {
    func missing(isReplaced: Bool) -> TransformMissing {
      TransformMissing(
        path: Address.shown(location), transform: reference, othersAreNamed: !paths.isEmpty,
        isReplaced: isReplaced)
    }
    let named = try paths.map(read)
    if let file = named.first(where: { $0.digest == reference.digest }) { return file }
    guard let sibling = Folder.companion(of: location, named: reference.fileName) else {
      throw missing(isReplaced: false)
    }
    let file: TransformFile
    do { file = try read(sibling) } catch let error as RemoteFileError where error.isMissing {
      throw missing(isReplaced: false)
    }
    guard file.digest == reference.digest else { throw missing(isReplaced: true) }
    return file
  }

  /// A file, which is read once.
  private func read(_ path: String) throws -> TransformFile {
    try known.withLock { known in
      let name = Array(path.utf8)
      if let file = known[name] { return file }
      let file = try TransformFile(path: path)
      known[name] = file
      return file
    }
  }
}
