import CFaults
import Platform

/// A name in a file's folder, used until the file is in place. A file that still has the name is
/// removed when this goes out of scope, or when `Interruption` ends the process.
@safe struct TemporaryName: ~Copyable {
  let path: String
  /// Whether a file has the name.
  var isTaken = false
  private let entry: OpaquePointer?

  /// Chooses a name in `folder`, short enough for every file system. It is random, so that it
  /// differs from the names of other processes, machines and killed runs.
  init(in folder: String) {
    let number = UInt64.random(in: 1 << 60 ... .max)
    path = "\(folder)/.qfilters-\(String(number, radix: 16)).tmp"
    unsafe entry = cf_add_temporary(path)
  }

  deinit {
    if isTaken { unsafe _ = unlink(path) }
    unsafe cf_remove(entry)
  }
}
