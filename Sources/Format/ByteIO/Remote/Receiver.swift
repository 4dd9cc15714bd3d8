import Platform

/// What distinguishes one version of a server's file from another.
struct RemoteVersion: Equatable {
  /// The file's size in bytes, as the server claims it.
  let size: UInt64
  fileprivate let tag, modified: String?

  /// Whether an answer of this version may follow one of `other`. What one of them does not tell is
  /// not compared.
  fileprivate func agrees(with other: Self) -> Bool {
    guard size == other.size else { return false }
    if let tag, let old = other.tag { return tag == old }
    if let modified, let old = other.modified { return modified == old }
    return true
  }
}

/// Takes one answer of a server: checks its head, and appends bytes to the prefix of the file that
/// is here.
final class Receiver {
  /// How many first bytes of the file are here.
  private(set) var here: UInt64
  /// How many bytes the server sent.
  private(set) var received: UInt64 = 0
  /// The version that the server has; nil before the first answer.
  private(set) var version: RemoteVersion?
  /// Why the answer was rejected.
  private(set) var problem: (any Error)?
  private let address: Address
  private let wanted: Range<UInt64>
  private let spool: Int32
  private var head = ResponseHead()
  private var headByteCount = 0
  private static let mostHeadBytes = 1 << 20
  /// The bytes of the file that are still to come; nil before the head was checked.
  private var expected: Range<UInt64>?

  /// - Parameters:
  ///   - wanted: The bytes that were asked for.
  ///   - version: The version that earlier answers had.
  ///   - spool: The open file that holds the prefix.
  init(
    _ wanted: Range<UInt64>, of address: Address, version: RemoteVersion?, spool: Int32
  ) {
    (self.wanted, self.address, self.version, self.spool) = (wanted, address, version, spool)
    here = wanted.lowerBound
  }

  /// Takes a line of the head.
  ///
  /// - Returns: Whether more are wanted.
  func takeHead(_ line: UnsafeRawBufferPointer) -> Bool {
    headByteCount += line.count
    guard headByteCount <= Self.mostHeadBytes else {
      problem = error(.answer("the head of the server's answer is too long"))
      return false
    }
    unsafe head.add(line)
    return true
  }

  /// Takes bytes of the body.
  ///
  /// - Returns: Whether more are wanted.
  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      let expected = try self.expected ?? begin()
      received += UInt64(bytes.count)
      guard UInt64(bytes.count) <= expected.upperBound - expected.lowerBound else {
        throw error(.answer("the server sent more bytes than were asked for"))
      }
      let end = expected.lowerBound + UInt64(bytes.count)
      // A server without ranges sends again what is here.
      let known = Int(clamping: min(end, max(here, expected.lowerBound)) - expected.lowerBound)
      unsafe try keep(UnsafeRawBufferPointer(rebasing: bytes[known...]))
      self.expected = end..<expected.upperBound
      return true
    } catch {
      problem = error
      return false
    }
  }

  /// Ends an answer that came whole: it may have had no body.
  func end() {
    guard expected == nil else { return }
    do { expected = try begin() } catch { problem = error }
  }

  /// Takes the status of an answer that failed.
  func reject() {
    // There is no range of an empty file.
    if head.status == 416, version == nil, wanted.lowerBound == 0, head.total == 0 {
      return version = RemoteVersion(size: 0, tag: head.tag, modified: head.modified)
    }
    // What was asked for lies within the file that was there before.
    problem = error(head.status == 416 && version != nil ? .changed : .status(head.status))
  }

  /// Checks the head.
  ///
  /// - Returns: Which bytes of the file follow.
  private func begin() throws(RemoteFileError) -> Range<UInt64> {
    guard head.status == 206 || head.status == 200 else { throw error(.status(head.status)) }
    guard !head.isEncoded else { throw error(.answer("the server sends it compressed")) }
    let isPart = head.status == 206
    guard let size = isPart ? head.total : head.length else {
      throw error(.answer("the server does not tell its size"))
    }
    let version = RemoteVersion(size: size, tag: head.tag, modified: head.modified)
    if let old = self.version, !version.agrees(with: old) { throw error(.changed) }
    let range = isPart ? head.range ?? 0..<0 : 0..<size
    // A body of the file's own size is the whole file.
    guard
      !isPart
        || range.lowerBound == wanted.lowerBound && range.upperBound <= wanted.upperBound
          && !range.isEmpty
    else {
      throw error(.answer("the server sends other bytes than those that were asked for"))
    }
    self.version = self.version ?? version
    expected = range
    return range
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let written = uninterrupted {
        unsafe pwrite(
          spool, bytes.baseAddress.map { unsafe $0 + done }, bytes.count - done, off_t(here))
      }
      guard written > 0 else {
        throw SystemError(operation: "write", path: "a temporary file for \(address.shown)")
      }
      done += written
      here += UInt64(written)
    }
  }

  private func error(_ kind: RemoteFileError.Kind) -> RemoteFileError {
    RemoteFileError(address: address.shown, kind: kind)
  }
}
