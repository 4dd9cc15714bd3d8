import CFaults
import Platform

/// A name in a file's folder, used until the file is in place. A file that still has the name is
/// removed when this goes out of scope, or when `Interruption` ends the process.
@safe struct TemporaryName: ~Copyable {
  let path: String
  /// Whether a file has the name.
  var isTaken = false
  private let entry: OpaquePointer?

  fileprivate static let (beginning, ending) = (".qfilters-", ".tmp")

  /// Chooses a name in `folder`, short enough for every file system. It is random, so that it
  /// differs from the names of other processes, machines and killed runs.
  init(in folder: String) {
    let number = UInt64.random(in: 1 << 60 ... .max)
    path = "\(folder)/\(Self.beginning)\(String(number, radix: 16))\(Self.ending)"
    unsafe entry = cf_add_temporary(path)
  }

  deinit {
    if isTaken { unsafe _ = unlink(path) }
    unsafe cf_remove(entry)
  }
}

extension FolderFile {
  /// Whether a process that was killed long ago left the file: it has a temporary name, and nobody
  /// wrote to it for a day.
  package var isAbandoned: Bool {
    name.hasPrefix(TemporaryName.beginning) && name.hasSuffix(TemporaryName.ending)
      && age > 86_400
  }

  /// Seconds since somebody wrote to the file.
  package var age: Int64 {
    var now = timespec()
    unsafe _ = clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) - modified / 1_000_000_000
  }
}
