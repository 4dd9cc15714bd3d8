import ByteIO
import CacheCodec
import CacheFormat
import ModelFiles

/// What a file may replace: nothing, or a file of its own kind that no other needs.
public enum OutputFile {
  /// What is to be written.
  public enum Kind: Sendable, Equatable {
    /// A snapshot.
    case snapshot
    /// A filter bank.
    case filterBank
    /// Calibration statistics.
    case statistics
    /// A cache as safetensors.
    case cacheTensors
    /// A drawing (SVG).
    case drawing
    /// A page of results.
    case page
    /// The list of a zoo's filter banks, as JSON or as Markdown.
    case index

    /// The kind in words, for messages.
    var name: String {
      switch self {
      case .snapshot, .filterBank, .statistics: fileKind?.name ?? ""
      case .cacheTensors: "a cache as safetensors"
      case .drawing: "an SVG drawing"
      case .page: "a page of results"
      case .index: "an index of filter banks"
      }
    }
  }

  /// How a page of results begins, and hardly another one.
  public static let pageBeginning = """
    <!DOCTYPE html>
    <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
    <head>
    <meta charset="utf-8"/>

    """

  /// Refuses to replace another kind of file, a file that is read, or a snapshot that another one
  /// in its folder continues. For a command to ask before its work; it reads a few bytes of the
  /// file and its neighbours.
  ///
  /// - Parameters:
  ///   - path: Where the file is to be. What is no file there is left to `AtomicFile` to refuse.
  ///   - inputs: What the command reads.
  /// - Throws: `ReplacementRefusal`; `SystemError` if reading fails.
  public static func check(_ path: String, as kind: Kind, inputs: [String] = []) throws {
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
    guard kind == .snapshot, let child = try child(of: path) else { return }
    throw ReplacementRefusal(path: path, kind: kind, loss: .parent(of: child))
  }

  /// Refuses to write Q-Filters in the hub's layout into a folder that holds something else under
  /// their names.
  ///
  /// - Throws: `ReplacementRefusal`.
  public static func checkHubFolder(_ folder: String) throws {
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

  /// A snapshot that names this one as its parent, by name and digest.
  private static func child(of path: String) throws -> String? {
    var places = [path]
    // The name and folder of what a link leads to count, too.
    if let own = Folder.canonical(path),
      Folder.name(of: own) != Folder.name(of: path)
        || !Folder.isOneFile(Folder.parent(of: own), Folder.parent(of: path))
    {
      places.append(own)
    }
    for place in places {
      let (folder, name) = (Folder.parent(of: place), Folder.name(of: place))
      var digest: Digest?
      for other in try Folder.names(folder) where other.hasSuffix(".kvsnap") && other != name {
        let child = Folder.sibling(of: place, named: other)
        // What cannot be read continues nothing.
        guard let parent = try? ParentReference(ofFileAt: child), parent.fileName == name else {
          continue
        }
        digest = try? digest ?? SnapshotReader(path: place).digest
        if parent.digest == digest { return child }
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
    case .cacheTensors, .drawing, .page, .index: nil
    }
  }

  /// Whether a file of this kind may begin so. A damaged file is of its kind, too.
  fileprivate func isBeginning(_ bytes: [UInt8]) -> Bool {
    func starts(_ texts: [String], at offset: Int = 0) -> Bool {
      texts.contains { bytes.dropFirst(offset).starts(with: Array($0.utf8)) }
    }
    return switch self {
    case .snapshot, .filterBank, .statistics: FileKind(claimedBy: bytes) == fileKind
    case .cacheTensors: starts([#"{"tokens":{"dtype":"U32","#], at: 8)
    case .drawing: starts(["<svg", "<?xml"])
    case .page: starts([OutputFile.pageBeginning])
    case .index: starts(ZooIndex.beginnings)
    }
  }
}

/// A file would be lost if another was written in its place.
public struct ReplacementRefusal: Error, CustomStringConvertible, Sendable {
  enum Loss {
    case input(String)
    /// Another kind of file, with its name if it has one.
    case otherKind(String?)
    case parent(of: String)
    case unreadable
  }

  let path: String
  /// Nil for a part of Q-Filters in the hub's layout.
  let kind: OutputFile.Kind?
  let loss: Loss

  /// One sentence: what would be lost.
  public var description: String {
    let new = kind?.name ?? "Q-Filters in the hub's layout"
    return
      switch loss
    {
    case .input(let input):
      "\(input) is both read and written" + (input == path ? "" : " (as \(path))")
    case .otherKind(let name):
      name.map { "\(path) is \($0), not \(new)" } ?? "\(path) is there and is not \(new)"
    case .parent(let child):
      "\(path) is the parent of \(child), which cannot be used without it"
    case .unreadable: "\(path) is there and may not be read"
    }
  }
}
