import CFaults
import Dispatch
import Glibc
import Synchronization

/// How a process ends in the middle of its work: with no temporary file left behind.
///
/// For a program to ask for when it starts; a library that is used by another program changes none of
/// that program's signals.
public enum Interruption {
  /// From now on Ctrl-C, a request to terminate, and a closed terminal remove what has a temporary
  /// name before they end the process, at once or, after `isRequested` was asked, when the work at
  /// hand is kept. Signals that are ignored stay ignored.
  public static func removesTemporaryFiles() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      guard !isIgnored(number) else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, which is to last as long as the process.
      source.setEventHandler { [source] in
        _ = source
        if !isPostponed(number) { cf_end_by_signal(number) }
      }
      source.resume()
    }
  }

  private static let postpones = Atomic<Bool>(false)
  private static let postponed = Atomic<Int32>(0)

  /// Whether a signal asks for the end. From the first call on, the first signal does no more than
  /// that: the caller keeps what there is and calls `endIfRequested`. A second signal ends the
  /// process at once.
  public static func isRequested() -> Bool {
    postpones.store(true, ordering: .relaxed)
    return postponed.load(ordering: .relaxed) != 0
  }

  /// Ends the process as the signal does that asked for it, if one did.
  public static func endIfRequested() {
    let number = postponed.load(ordering: .relaxed)
    guard number != 0 else { return }
    cf_end_by_signal(number)
    // Only a process that was started with the signal blocked is still there.
    exit(128 + number)
  }

  private static func isPostponed(_ number: Int32) -> Bool {
    postpones.load(ordering: .relaxed)
      && postponed.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
  }

  /// From now on, touching bytes of a `MappedFile` that are gone, because the file was cut short or
  /// its disk failed, removes what has a temporary name, says so in one sentence on standard error
  /// that names the file, and ends the process. Without this it is the end by SIGBUS.
  ///
  /// - Parameters:
  ///   - prefix: What the sentence begins with, such as the program's name.
  ///   - status: The exit code.
  public static func reportsLostMappings(prefix: String, status: Int32) {
    // Never freed: the handler may need it until the end.
    unsafe cf_end_on_lost_mapping(strdup(prefix), status)
  }

  /// What is written on standard error before the process is ended, such as what removes a status there.
  public struct LastWords: Sendable {
    /// Where a copy is that is never freed.
    private let address: Int

    /// Takes the words; nothing is written yet.
    public init(_ text: String) { address = Int(bitPattern: unsafe strdup(text)) }

    /// Whether it is written from now on.
    public func set(_ isWanted: Bool) {
      unsafe cf_set_last_words(isWanted ? UnsafePointer(bitPattern: address) : nil)
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    unsafe sigaction(number, nil, &action)
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    return unsafe handler == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
