import Platform

/// Questions about paths and folders, and changes to them.
package enum Folder {
  /// Whether `path` is a folder, or a symbolic link to one.
  package static func exists(_ path: String) -> Bool { mode(path) == S_IFDIR }

  /// Whether `path` exists and is no folder.
  package static func hasFile(_ path: String) -> Bool { mode(path).map { $0 != S_IFDIR } ?? false }

  /// Whether `path` is a regular file, or a symbolic link to one.
  package static func isFile(_ path: String) -> Bool { mode(path) == S_IFREG }

  /// Whether `path` itself is a symbolic link, wherever that leads.
  package static func isLink(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// Whether both paths lead to the same file, directly or by links.
  package static func isOneFile(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return unsafe stat(path, &first) == 0 && stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Makes the folder at `path` unless it exists; its parent must exist.
  ///
  /// - Parameter mode: Who may use it.
  /// - Throws: `SystemError` if it cannot be made, or `path` is something else.
  package static func create(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
    guard unsafe mkdir(path, mode) != 0, !exists(path) else { return }
    throw SystemError(operation: "create", path: path, code: hasFile(path) ? EEXIST : nil)
  }

  /// The names in the folder at `path`, in ascending order of their bytes, without `.` and `..`.
  ///
  /// - Throws: `SystemError` if it is no folder or may not be read.
  package static func names(_ path: String) throws(SystemError) -> [String] {
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

  /// A path without symbolic links in it; nil if it does not exist.
  package static func canonical(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// Removes the file at `path` if there is one.
  ///
  /// - Throws: `SystemError` if it cannot be removed.
  package static func removeFile(_ path: String) throws(SystemError) {
    guard unsafe unlink(path) != 0, errno != ENOENT else { return }
    throw SystemError(operation: "remove", path: path)
  }

  /// A path to `name` within a folder.
  package static func path(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  /// The last part of a path, or of an address.
  package static func name(of path: String) -> String {
    if let address = Address(path) { return address.name }
    return path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? path
  }

  /// The path of the folder that holds a path's last part.
  package static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path to `name` in the folder that holds `path`, or the address next to an address.
  package static func sibling(of path: String, named name: String) -> String {
    if let address = Address(path) { return address.sibling(named: name) }
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    return (slash.map { String(path[...$0]) } ?? "") + name
  }

  /// Where a file is that another one names, in the same folder. It is nil if that is no regular
  /// file, or if the other one's address has a query, which may be a signature for it alone.
  package static func companion(of path: String, named name: String) -> String? {
    let sibling = sibling(of: path, named: name)
    if let address = Address(path) { return address.hasQuery ? nil : sibling }
    return isFile(sibling) ? sibling : nil
  }

  /// The type of the file at `path`, links followed; nil if there is none.
  static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
