import CFaults
import Glibc

/// A name beside a file's own, for as long as the file is not in its place; what has the name when it
/// goes out of scope is removed, and also when `Interruption` ends the process.
@safe struct TemporaryName: ~Copyable {
  let path: String
  /// Whether a file has the name.
  var isTaken = false
  private let entry: OpaquePointer?

  /// Chooses a name in `folder`, short enough for every file system. It is random, so that no other
  /// process, machine or earlier run that was killed can have left one that is in the way.
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
