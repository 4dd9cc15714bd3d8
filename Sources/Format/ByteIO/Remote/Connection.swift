import CCurl

/// How patient a reader of a server's file is.
struct Patience: Sendable {
  /// How long connecting may take.
  var connectSeconds = 30
  /// How long a transfer may stall.
  var stallSeconds = 30
  /// Milliseconds before each further attempt.
  var pauses: [UInt32] = [500, 1000, 2000]
}

/// A connection to a server, kept from one request to the next.
@safe struct Connection: ~Copyable, @unchecked Sendable {
  private let handle: OpaquePointer

  /// - Throws: `RemoteFileError` if libcurl is missing.
  init(to address: Address) throws(RemoteFileError) {
    guard let handle = unsafe ccurl_open() else {
      let problem = unsafe ccurl_problem().map { unsafe String(cString: $0) }
      throw RemoteFileError(address: address.shown, kind: .library(problem ?? "out of memory"))
    }
    unsafe self.handle = handle
  }

  deinit { unsafe ccurl_close(handle) }

  /// Requests a range of bytes, which is not empty, and hands the answer to `receiver`.
  ///
  /// - Returns: What became of it, and libcurl's text if it failed.
  mutating func get(
    _ range: Range<UInt64>, of address: Address, _ patience: Patience, to receiver: Receiver
  ) -> (CCurlOutcome, String) {
    let bytes = "\(range.lowerBound)-\(range.upperBound - 1)"
    let agent = "qfilters/\(Version.current)"
    var message = [CChar](repeating: 0, count: Int(CCURL_MESSAGE_SIZE))
    let outcome = unsafe address.text.withCString { text in
      unsafe bytes.withCString { bytes in
        unsafe agent.withCString { agent in
          withExtendedLifetime(receiver) {
            var request = unsafe CCurlRequest(
              address: text, range: bytes, agent: agent, is_plain: address.isPlain,
              connect_seconds: patience.connectSeconds, stall_seconds: patience.stallSeconds,
              context: Unmanaged.passUnretained(receiver).toOpaque(),
              head: { context, line, count in
                let line = unsafe UnsafeRawBufferPointer(start: line, count: count)
                return unsafe Self.receiver(context)?.takeHead(line) ?? false
              },
              body: { context, bytes, count in
                let bytes = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
                return unsafe Self.receiver(context)?.takeBody(bytes) ?? false
              },
              tick: { _ in Interruption.endIfRequested() })
            return unsafe ccurl_get(handle, &request, &message)
          }
        }
      }
    }
    let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return (outcome, String(decoding: text, as: UTF8.self))
  }

  private static func receiver(_ context: UnsafeMutableRawPointer?) -> Receiver? {
    unsafe context.map { unsafe Unmanaged<Receiver>.fromOpaque($0).takeUnretainedValue() }
  }
}
