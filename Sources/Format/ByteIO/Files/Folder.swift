import Glibc

/// What can be asked of folders, and done to them.
public enum Folder {
  /// Whether a folder stands at `path`, or a symbolic link to one.
  public static func exists(_ path: String) -> Bool { mode(path) == S_IFDIR }

  /// Whether something stands at `path` that is no folder.
  public static func hasFile(_ path: String) -> Bool { mode(path).map { $0 != S_IFDIR } ?? false }

  /// Whether an ordinary file stands at `path`, or a symbolic link to one.
  public static func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }

  /// Whether both paths lead to one file, be it by links.
  public static func isOneFile(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return unsafe stat(path, &first) == 0 && stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Makes the folder at `path` unless it is there; the one that it stands in must exist.
  ///
  /// - Throws: `SystemError` if it cannot be made, or something else stands there.
  public static func create(_ path: String) throws(SystemError) {
    guard unsafe mkdir(path, 0o755) != 0, !exists(path) else { return }
    throw SystemError(operation: "create", path: path, code: hasFile(path) ? EEXIST : nil)
  }

  /// The names of what stands in the folder at `path`, in ascending order of their bytes, without `.`
  /// and `..`.
  ///
  /// - Throws: `SystemError` if it is no folder or may not be read.
  public static func names(_ path: String) throws(SystemError) -> [String] {
    guard let stream = unsafe opendir(path) else {
      throw SystemError(operation: "open", path: path)
    }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The path of a folder without symbolic links in it; nil if there is none.
  public static func canonical(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Removes the file at `path` if there is one.
  ///
  /// - Throws: `SystemError` if it cannot be removed.
  public static func removeFile(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) != 0, errno != ENOENT else { return }
    throw SystemError(operation: "remove", path: path)
  }

  /// A path to `name` within a folder.
  public static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// The last part of a path.
  public static func name(of path: String) -> String {
    path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
  }

  /// The folder that a path's last part stands in.
  public static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path to `name` beside what stands at `path`.
  public static func sibling(of path: String, named name: String) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return (slash.map { String(path[...$0]) } ?? "") + name
  }

  /// What kind of thing stands at `path`, or where a symbolic link points; nil if nothing does.
  static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
