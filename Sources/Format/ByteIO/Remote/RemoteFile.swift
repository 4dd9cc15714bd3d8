import CCurl
import Platform
import Synchronization

/// A file on a server. The first bytes of it, as many as were needed so far, are in a temporary
/// file without a name.
final class RemoteFile: ByteSource {
  let size: UInt64
  private let address: Address
  private let spool: FileDescriptor
  /// How many first bytes are here.
  private let here: Atomic<UInt64>
  private let received: Atomic<UInt64>
  private let download: Mutex<Download>

  /// How many bytes the first request asks for: all that precedes the pairs of most snapshots.
  static let openingByteCount: UInt64 = 1 << 19

  /// Requests the beginning of a file.
  ///
  /// - Throws: `RemoteFileError`; `SystemError` if there can be no temporary file.
  init(_ address: Address, _ patience: Patience = Patience()) throws {
    self.address = address
    spool = try AtomicFile.withoutName()
    var download = try Download(address, patience, spool: spool.raw)
    let version = try download.fetch(upTo: Self.openingByteCount)
    size = version.size
    here = Atomic(download.here)
    received = Atomic(download.received)
    self.download = Mutex(download)
  }

  var bytesRead: UInt64 { received.load(ordering: .relaxed) }

  func prefetch(upTo end: UInt64) throws {
    guard here.load(ordering: .acquiring) < end else { return }
    try download.withLock { download in
      defer {
        here.store(download.here, ordering: .releasing)
        received.store(download.received, ordering: .relaxed)
      }
      if download.here < end { _ = try download.fetch(upTo: end) }
    }
  }

  /// The most bytes that are fetched before anybody asks for them.
  private static let readAhead: UInt64 = 1 << 26

  func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws -> Int {
    let end = offset + UInt64(buffer.count)
    let here = here.load(ordering: .acquiring)
    // Neighbours are asked for with it: each request takes a while, however short it is.
    if here < end { try prefetch(upTo: min(size, max(end, here + min(here, Self.readAhead)))) }
    return try unsafe spool.fill(buffer, at: offset, path: address.shown)
  }
}

/// Fetches a file's bytes in their order.
struct Download: ~Copyable {
  /// How many first bytes are in the spool.
  private(set) var here: UInt64 = 0
  /// How many bytes the server sent.
  private(set) var received: UInt64 = 0
  private var version: RemoteVersion?
  private var connection: Connection
  private let address: Address
  private let patience: Patience
  private let spool: Int32

  /// - Parameter spool: An open file, which outlives this.
  init(_ address: Address, _ patience: Patience, spool: Int32) throws(RemoteFileError) {
    connection = try Connection(to: address)
    (self.address, self.patience, self.spool) = (address, patience, spool)
  }

  /// Fetches what is missing of the first `end` bytes, with one request if nothing fails.
  ///
  /// - Returns: The file's version.
  /// - Throws: `RemoteFileError`, `SystemError`.
  mutating func fetch(upTo end: UInt64) throws -> RemoteVersion {
    var pauses = patience.pauses[...]
    while true {
      do {
        return try request(here..<min(end, version?.size ?? end))
      } catch let error as RemoteFileError where error.isPassing {
        guard let pause = pauses.popFirst() else { throw error }
        _ = usleep(pause * 1000)
        Interruption.endIfRequested()
      }
    }
  }

  private mutating func request(_ range: Range<UInt64>) throws -> RemoteVersion {
    let receiver = Receiver(range, of: address, version: version, spool: spool)
    let (outcome, text) = connection.get(range, of: address, patience, to: receiver)
    if outcome == CCURL_COMPLETE { receiver.end() }
    if outcome == CCURL_REJECTED { receiver.reject() }
    received += receiver.received
    here = receiver.here
    if let problem = receiver.problem { throw problem }
    version = receiver.version
    switch outcome {
    case CCURL_COMPLETE, CCURL_REJECTED: break
    case CCURL_REDIRECTED_TOO_OFTEN: throw error(.answer("the server redirects too often"))
    case CCURL_REDIRECTED_AWAY:
      throw error(.answer("the server redirects to an address without TLS"))
    case CCURL_CUT: throw error(.transfer(text))
    default: throw error(.answer(text))
    }
    guard let version, here >= min(range.upperBound, version.size) else {
      throw error(.transfer(""))
    }
    return version
  }

  private func error(_ kind: RemoteFileError.Kind) -> RemoteFileError {
    RemoteFileError(address: address.shown, kind: kind)
  }
}
