import CFaults
import Glibc
import Synchronization

/// A whole file mapped read-only into memory, and unmapped when the last owner lets it go.
///
/// For files that are read in place, such as model weights. Do not use it for a file of which only a
/// little is read: that is `RandomAccessFile`.
///
/// When somebody cuts the file short meanwhile, or its disk fails, touching the bytes that are gone
/// ends the process; `Interruption.reportsLostMappings` lets it end with a sentence that names the
/// file. What somebody writes into the file meanwhile is read as it is then.
@safe public final class MappedFile: @unchecked Sendable {
  /// Where the file was opened.
  public let path: String
  private let base: UnsafeMutableRawPointer?
  private let count: Int
  private let registration: OpaquePointer?
  /// How many pieces were taken to be copied into memory.
  private let pieces = Atomic(0)
  /// The file's stamp when it was opened.
  public let stamp: FileStamp

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

  /// Whether the path still leads to this file, and nobody wrote to it since it was opened.
  public var isUnchanged: Bool { FileStamp(path: path) == stamp }

  /// Gives the memory behind some of the file's bytes back to the system, for as long as nobody reads
  /// them again.
  public func releasePages(_ range: Range<Int>) {
    guard let base = unsafe base, !range.isEmpty, range.upperBound <= count,
      pieces.load(ordering: .relaxed) == 0
    else { return }
    // Whole pages, neighbours' parts of the first and the last one too.
    let page = sysconf(Int32(_SC_PAGESIZE))
    let start = range.lowerBound / page * page
    unsafe _ = madvise(base + start, range.upperBound - start, MADV_DONTNEED)
  }

  /// Copies the whole file into memory of large pages, in the place of the mapping: what is read again and
  /// again, as weights are for every token, comes up to half as fast again than through small pages. What does
  /// not find memory, and a file that would fill more than half of what the process may, stays mapped.
  public func copyIntoMemory() { while copyNextPiece() {} }

  /// Copies a large page of the file into memory, the next that nobody took; false if there is none. Bytes may
  /// be read meanwhile, and other pieces be copied.
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
