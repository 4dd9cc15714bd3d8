package import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles

/// Checks what a new file would replace: only a file of its own kind that no other file needs.
package enum OutputFile {
  /// What is to be written.
  package enum Kind: Sendable, Equatable {
    /// A snapshot.
    case snapshot
    /// A filter bank.
    case filterBank
    /// Calibration statistics.
    case statistics
    /// A transform.
    case transform
    /// Sums for a transform.
    case transformSums
    /// A cache as safetensors.
    case cacheTensors
    /// A sequence of llama.cpp.
    case llamaState
    /// A prompt cache of mlx-lm.
    case mlxCache
    /// A drawing (SVG).
    case drawing
    /// A page of results.
    case page
    /// The list of a zoo's filter banks, as JSON or as Markdown.
    case index

    /// The kind in words, for messages.
    var name: String {
      switch self {
      case .snapshot, .filterBank, .statistics, .transform, .transformSums:
        fileKind?.name ?? ""
      case .cacheTensors: "a cache as safetensors"
      case .llamaState: "a sequence of llama.cpp"
      case .mlxCache: "a prompt cache by this program"
      case .drawing: "an SVG drawing"
      case .page: "a page of results"
      case .index: "an index of filter banks"
      }
    }
  }

  /// The beginning of a page of results, by which it is recognised.
  package static let pageBeginning = """
    <!DOCTYPE html>
    <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
    <head>
    <meta charset="utf-8"/>

    """

  /// Rejects replacing another kind of file, a file that is read, a snapshot that another one in
  /// its folder continues, or the transform of a snapshot in its folder.
  ///
  /// A command calls this before its work. It reads a few bytes of the file and of others in its
  /// folder.
  ///
  /// - Parameters:
  ///   - path: Where the file is to be. `AtomicFile` rejects what is not a file.
  ///   - inputs: What the command reads.
  /// - Throws: `ReplacementRefusal`; `SystemError` if reading fails.
  package static func check(_ path: String, as kind: Kind, inputs: [String] = []) throws {
    guard Folder.isFile(path) else { return }
    if let input = inputs.first(where: { Folder.isOneFile(path, $0) }) {
      throw ReplacementRefusal(path: path, kind: kind, loss: .input(input))
    }
    let found = try beginning(of: path, for: kind)
    guard !found.isEmpty else { return }
    guard kind.isBeginning(found) else {
      throw ReplacementRefusal(
        path: path, kind: kind, loss: .otherKind(KnownFile.name(startingWith: found)))
    }
    switch kind {
    case .snapshot:
      guard let child = try snapshot(naming: path, parent, { try SnapshotReader(path: $0).digest })
      else { return }
      throw ReplacementRefusal(path: path, kind: kind, loss: .parent(of: child))
    case .transform:
      guard
        let coded = try snapshot(naming: path, transform, { try TransformFile(path: $0).digest })
      else { return }
      throw ReplacementRefusal(path: path, kind: kind, loss: .transform(of: coded))
    default: return
    }
  }

  /// Rejects a symbolic link, where a file is not to be written through one.
  ///
  /// - Throws: `ReplacementRefusal`.
  package static func checkIsNoLink(_ path: String) throws {
    guard Folder.isLink(path) else { return }
    throw ReplacementRefusal(path: path, kind: nil, loss: .link)
  }

  /// Rejects a folder for Q-Filters in the hub's layout that holds something else under their
  /// names, or symbolic links.
  ///
  /// - Throws: `ReplacementRefusal`.
  package static func checkHubFolder(_ folder: String) throws {
    for name in HubFilters.names + [HubFilters.cardName] {
      try checkIsNoLink(Folder.path(folder, name))
    }
    guard let name = HubFilters.names.first(where: { Folder.hasFile(Folder.path(folder, $0)) }),
      (try? HubFilters(folder: folder)) == nil
    else { return }
    throw ReplacementRefusal(
      path: Folder.path(folder, name), kind: nil, loss: .otherKind(nil))
  }

  private static func beginning(of path: String, for kind: Kind) throws -> [UInt8] {
    do {
      let file = try RandomAccessFile(path: path)
      return try file.read(at: 0, count: Int(min(file.size, 256)), section: "file")
    } catch let error as SystemError where error.isForbidden {
      throw ReplacementRefusal(path: path, kind: kind, loss: .unreadable)
    }
  }

  /// What a snapshot names: a file's name and its digest.
  private typealias Named = (fileName: String, digest: Digest)

  private static func parent(_ path: String) throws -> Named? {
    try ParentReference(ofFileAt: path).map { ($0.fileName, $0.digest) }
  }

  private static func transform(_ path: String) throws -> Named? {
    try SnapshotReader(path: path).blocks.map {
      ($0.layout.transform.fileName, $0.layout.transform.digest)
    }
  }

  /// A snapshot in a file's folder that names the file, and its digest.
  private static func snapshot(
    naming path: String, _ named: (String) throws -> Named?, _ digest: (String) throws -> Digest
  ) throws -> String? {
    var paths = [path]
    // The name and folder of a symbolic link's target count, too.
    if let own = Folder.canonical(path),
      Folder.name(of: own) != Folder.name(of: path)
        || !Folder.isOneFile(Folder.parent(of: own), Folder.parent(of: path))
    {
      paths.append(own)
    }
    for path in paths {
      let (folder, name) = (Folder.parent(of: path), Folder.name(of: path))
      var own: Digest?
      for other in try Folder.names(folder) where other.hasSuffix(".kvsnap") && other != name {
        let snapshot = Folder.sibling(of: path, named: other)
        // A file that cannot be read needs no other.
        guard let needed = try? named(snapshot), needed.fileName == name else { continue }
        own = try? own ?? digest(path)
        if needed.digest == own { return snapshot }
      }
    }
    return nil
  }
}

extension OutputFile.Kind {
  /// The kind of a file of the container.
  fileprivate var fileKind: FileKind? {
    switch self {
    case .snapshot: .snapshot
    case .filterBank: .filterBank
    case .statistics: .statistics
    case .transform: .transform
    case .transformSums: .transformSums
    case .cacheTensors, .llamaState, .mlxCache, .drawing, .page, .index: nil
    }
  }

  /// Whether a file of this kind, which may be damaged, can begin with these bytes.
  fileprivate func isBeginning(_ bytes: [UInt8]) -> Bool {
    func starts(_ texts: [String], at offset: Int = 0) -> Bool {
      texts.contains { bytes.dropFirst(offset).starts(with: Array($0.utf8)) }
    }
    return switch self {
    case .snapshot, .filterBank, .statistics, .transform, .transformSums:
      FileKind(claimedBy: bytes) == fileKind
    case .cacheTensors:
      starts(
        [#"{"tokens":{"dtype":"U32","#, #"{"__metadata__":{"\#(CacheTensors.Facts.versionKey)":"#],
        at: 8)
    // The magic, as it is in the file.
    case .llamaState: starts(["qsgg"])
    case .mlxCache: starts([#"{"__metadata__":{"0.\#(CacheFile.tokensKey)":"#], at: 8)
    case .drawing: starts(["<svg", "<?xml"])
    case .page: starts([OutputFile.pageBeginning])
    case .index: starts(ZooIndex.beginnings)
    }
  }
}

/// A new file would replace one that must stay.
package struct ReplacementRefusal: CategorisedError, Sendable {
  enum Loss {
    case input(String)
    /// Another kind of file, with its name if it has one.
    case otherKind(String?)
    case link
    case parent(of: String)
    case transform(of: String)
    case unreadable
  }

  let path: String
  /// Nil for a part of Q-Filters in the hub's layout.
  let kind: OutputFile.Kind?
  let loss: Loss

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what would be lost.
  package var description: String {
    let new = kind?.name ?? "Q-Filters in the hub's layout"
    return
      switch loss
    {
    case .input(let input):
      "\(input) is both read and written" + (input == path ? "" : " (as \(path))")
    case .otherKind(let name):
      name.map { "\(path) is \($0), not \(new)" } ?? "\(path) is there and is not \(new)"
    case .link: "\(path) is a symbolic link, through which nothing is written"
    case .parent(let child):
      "\(path) is the parent of \(child), which cannot be used without it"
    case .transform(let snapshot):
      "\(path) is the transform of \(snapshot), which cannot be used without it"
    case .unreadable: "\(path) is there and may not be read"
    }
  }
}
