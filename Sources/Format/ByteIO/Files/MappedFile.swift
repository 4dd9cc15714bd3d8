import CFaults
import Platform
import Synchronization

/// A whole file, mapped read-only into memory until the last owner releases it.
///
/// For files that are read in place, such as model weights. To read a small part of a file, use
/// `RandomAccessFile`.
///
/// If the file is cut short meanwhile, or its disk fails, touching the lost bytes ends the process.
/// `Interruption.reportsLostMappings` makes it end with a sentence that names the file. Later
/// writes to the file are seen here.
@safe public final class MappedFile: @unchecked Sendable {
  /// Where the file was opened.
  public let path: String
  private let base: UnsafeMutableRawPointer?
  private let count: Int
  private let registration: OpaquePointer?
  /// How many pieces have been taken to be copied into memory.
  private let pieces = Atomic(0)
  /// The file's stamp when it was opened.
  package let stamp: FileStamp

  /// Maps the regular file at `path`.
  ///
  /// - Throws: `SystemError` if it cannot be opened, is no regular file, or cannot be mapped.
  public init(path: String) throws(SystemError) {
    let file = try FileDescriptor(reading: path)
    stamp = FileStamp(try file.status(path: path))
    guard let count = Int(exactly: try file.size(path: path)) else {
      throw SystemError(operation: "map", path: path, code: EFBIG)
    }
    let address = unsafe count > 0 ? mmap(nil, count, PROT_READ, MAP_PRIVATE, file.raw, 0) : nil
    guard unsafe address != MAP_FAILED else { throw SystemError(operation: "map", path: path) }
    self.path = path
    self.count = count
    unsafe base = address
    unsafe registration = address.flatMap { unsafe cf_add_mapping($0, count, path) }
  }

  deinit {
    unsafe cf_remove(registration)
    if let base = unsafe base { unsafe munmap(base, count) }
  }

  /// Whether the path still leads to this file, unchanged since it was opened.
  package var isUnchanged: Bool { FileStamp(path: path) == stamp }

  /// Returns the memory of some of the file's bytes to the system, until they are read again.
  public func releasePages(_ range: Range<Int>) {
    guard let base = unsafe base, !range.isEmpty, range.upperBound <= count,
      pieces.load(ordering: .relaxed) == 0
    else { return }
    // Whole pages: the first and last one may hold neighbours' bytes.
    let page = sysconf(Int32(_SC_PAGESIZE))
    let start = range.lowerBound / page * page
    unsafe _ = madvise(base + start, range.upperBound - start, MADV_DONTNEED)
  }

  /// Copies the whole file into memory of large pages, at the mapping's addresses. Weights, which
  /// are read for every token, come up to 1.5 times as fast as through small pages. Pieces that get
  /// no memory stay mapped, and so does a file larger than half of the memory that the process may
  /// use.
  public func copyIntoMemory() { while copyNextPiece() {} }

  /// Copies the next large page of the file into memory; false if there is none. Meanwhile bytes
  /// may be read and other pieces copied.
  public func copyNextPiece() -> Bool {
    guard let base = unsafe base, count < MemoryLimit.bytes / 2 else { return false }
    let first = Self.largePage - Int(bitPattern: base) % Self.largePage
    let piece = pieces.add(1, ordering: .relaxed).oldValue
    let start = piece == 0 ? 0 : first + (piece - 1) * Self.largePage
    guard start < count else { return false }
    let end = min(count, first + piece * Self.largePage)
    return unsafe cf_copy_into_memory(base + start, end - start, Self.largePage)
  }

  private static let largePage = 2 << 20

  /// The file's contents.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      unsafe _overrideLifetime(
        RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: base, count: count)), borrowing: self)
    }
  }
}
