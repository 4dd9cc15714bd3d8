import Platform

/// Where a user's files of a kind are, by the XDG specification.
package enum UserFolder {
  /// A folder in `$XDG_CACHE_HOME` or `~/.cache`, for what can be made again; nil if the
  /// environment names none.
  package static func cache(_ path: String) -> String? {
    (folder("XDG_CACHE_HOME") ?? folder("HOME").map { Folder.path($0, ".cache") })
      .map { Folder.path($0, path) }
  }

  /// A folder in `$XDG_DATA_HOME` or `~/.local/share`, for what must be kept.
  package static func data(_ path: String) -> String? {
    (folder("XDG_DATA_HOME") ?? folder("HOME").map { Folder.path($0, ".local/share") })
      .map { Folder.path($0, path) }
  }

  /// Makes a folder for this user alone, and those above it, unless they exist.
  ///
  /// - Returns: Whether it is there.
  package static func create(_ path: String) -> Bool {
    guard !Folder.exists(path) else { return true }
    guard create(Folder.parent(of: path)) else { return false }
    unsafe _ = mkdir(path, 0o700)
    // Another process may have made it.
    return Folder.exists(path)
  }

  /// The XDG specification says to ignore a relative path.
  private static func folder(_ variable: String) -> String? {
    // A name that is not UTF-8 would change.
    let value = unsafe getenv(variable).flatMap { unsafe String(validatingCString: $0) }
    return value?.hasPrefix("/") == true ? value : nil
  }
}
