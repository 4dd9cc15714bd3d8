import Glibc

/// What can be asked of folders, and done to them.
public enum Folder {
  /// Whether a folder stands at `path`, or a symbolic link to one.
  public static func exists(_ path: String) -> Bool { mode(path) == S_IFDIR }

  /// Whether something stands at `path` that is no folder.
  public static func hasFile(_ path: String) -> Bool { mode(path).map { $0 != S_IFDIR } ?? false }

  /// Makes the folder at `path` unless it is there; the one that it stands in must exist.
  ///
  /// - Throws: `SystemError` if it cannot be made, or something else stands there.
  public static func create(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o755) != 0, !exists(path) else { return }
    throw SystemError(operation: "create", path: path, code: hasFile(path) ? EEXIST : nil)
  }

  /// A path to `name` within a folder.
  public static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
