import Glibc

/// A folder of small files in the user's cache, `$XDG_CACHE_HOME` or `~/.cache`.
///
/// Whoever uses it must do without it: a file that cannot be read is absent, and one that cannot be
/// written is not there next time. Files that another user owns or may write are absent, too.
public struct UserCache: Sendable {
  /// Where the files are.
  public let folder: String

  /// The cache folder for `path`, such as "qfilters/identity"; nil if the environment names no place.
  public init?(_ path: String) {
    guard let base = Self.base else { return nil }
    folder = Folder.path(base, path)
  }

  /// The file of that name, if it has `count` bytes and no other user could have written it.
  public func read(_ name: String, count: Int) -> [UInt8]? {
    let path = Folder.path(folder, name)
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), status.st_mode & 0o022 == 0, Int(status.st_size) == count,
      let file = try? RandomAccessFile(path: path)
    else { return nil }
    return try? file.read(at: 0, count: count, section: "cache")
  }

  /// Writes a file, and the folders above it where they are missing.
  public func write(_ bytes: [UInt8], to name: String) {
    guard create(folder) else { return }
    try? AtomicFile.write(bytes, to: Folder.path(folder, name))
  }

  private func create(_ path: String) -> Bool {
    guard !Folder.exists(path) else { return true }
    guard create(Folder.parent(of: path)) else { return false }
    unsafe _ = mkdir(path, 0o700)
    // Somebody else may have been first.
    return Folder.exists(path)
  }

  /// A relative path must be ignored, says the XDG specification.
  private static var base: String? {
    func folder(_ variable: String) -> String? {
      // A name that is not UTF-8 would become another one.
      let value = unsafe getenv(variable).flatMap { unsafe String(validatingCString: $0) }
      return value?.hasPrefix("/") == true ? value : nil
    }
    return folder("XDG_CACHE_HOME") ?? folder("HOME").map { Folder.path($0, ".cache") }
  }
}
