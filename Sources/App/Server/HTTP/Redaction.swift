import ByteIO

/// Sentences without the folders of this machine.
struct Redaction: Sendable {
  /// The known folders with their slash, the longest first.
  private let folders: [String]

  /// - Parameter paths: What the server was started with.
  init(_ paths: [String]) {
    let all = paths + paths.compactMap { Folder.canonical($0) }
    let known = all.flatMap { path in
      // A store is a folder itself, and its name is no client's business either.
      [path, Folder.parent(of: path)].map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    }
    folders = Set(known).subtracting(["./", "/"]).sorted {
      ($1.utf8.count, $0) < ($0.utf8.count, $1)
    }
  }

  /// The sentence, in which a file has only its name.
  func shown(_ sentence: String) -> String {
    let known = folders.reduce(sentence) { $0.replacing($1, with: "") }
    return known.split(separator: " ", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("/") ? Folder.name(of: String($0)) : String($0) }
      .joined(separator: " ")
  }
}
