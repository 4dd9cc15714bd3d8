import ByteIO
import Synchronization

/// The time from the process's start to the first part of its result.
enum StartTime {
  private static let first = Mutex<Double?>(nil)

  /// Notes that a part of the result is there. The first that is not empty counts.
  static func mark(_ text: String) { if !text.isEmpty { _ = seconds } }

  /// Seconds from the process's start to the first part of the result; to now if there is none yet.
  static var seconds: Double? {
    first.withLock {
      $0 = $0 ?? ProcessClock.seconds
      return $0
    }
  }
}

/// A result with the key `startSeconds`, which every result has.
struct Started<Result: Encodable>: Encodable {
  private let result: Result

  init(_ result: Result) { self.result = result }

  private enum Key: String, CodingKey { case startSeconds }

  func encode(to encoder: any Encoder) throws {
    try result.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(StartTime.seconds, forKey: .startSeconds)
  }
}
