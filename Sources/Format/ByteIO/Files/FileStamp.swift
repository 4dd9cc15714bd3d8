import Platform

/// A file's state, by which later changes are noticed without reading the file.
package struct FileStamp: Hashable, Sendable {
  private let device, inode: UInt64
  private let size: Int64
  private let modified, changed: Nanoseconds

  private struct Nanoseconds: Hashable, Comparable, Sendable {
    let seconds, rest: Int64

    init(_ time: timespec) { (seconds, rest) = (Int64(time.tv_sec), Int64(time.tv_nsec)) }

    static func < (left: Self, right: Self) -> Bool {
      (left.seconds, left.rest) < (right.seconds, right.rest)
    }
  }

  init(_ status: stat) {
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    size = Int64(status.st_size)
    (modified, changed) = (Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim))
  }

  /// The stamp of the file at `path` now, or nil if there is none.
  package init?(path: String) {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  /// Whether a write from now on changes the stamp. File systems store times in steps of
  /// milliseconds to seconds, so a file that changed a moment ago may change again unseen.
  package var isSettled: Bool {
    var now = timespec()
    unsafe _ = clock_gettime(CLOCK_REALTIME, &now)
    return max(modified, changed).seconds + Self.coarsestSeconds < Int64(now.tv_sec)
  }

  /// FAT counts in steps of two seconds.
  private static let coarsestSeconds: Int64 = 2

  /// The file's device and inode, as bytes.
  package var place: [UInt8] {
    var writer = ByteWriter()
    for number in [device, inode] { writer.write(number) }
    return writer.bytes
  }

  /// All of the stamp as bytes.
  package var bytes: [UInt8] {
    var writer = ByteWriter()
    for number in [size, modified.seconds, modified.rest, changed.seconds, changed.rest] {
      writer.write(UInt64(bitPattern: number))
    }
    return place + writer.bytes
  }
}
