import CFaults
import Dispatch
import Platform
import Synchronization

/// Ends a process in the middle of its work without leaving temporary files.
///
/// A program asks for this when it starts. A library must not change the signals of the program
/// that uses it.
package enum Interruption {
  /// From now on SIGINT, SIGTERM and SIGHUP remove temporary files before they end the process.
  /// They end it at once or, if `isRequested` was called before, after the caller has saved its
  /// work. Ignored signals stay ignored.
  package static func removesTemporaryFiles() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      guard !isIgnored(number) else { continue }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, so that it lasts as long as the process.
      source.setEventHandler { [source] in
        _ = source
        guard !isPostponed(number) else { return }
        TerminalSettings.restore()
        cf_end_by_signal(number)
      }
      let registered = DispatchSemaphore(value: 0)
      source.setRegistrationHandler { registered.signal() }
      source.resume()
      // Until then the signal ends the process, which has no temporary file yet.
      registered.wait()
    }
  }

  private static let postpones = Atomic<Bool>(false)
  private static let postponed = Atomic<Int32>(0)

  /// Whether a signal has asked the process to end. After the first call, the first signal only
  /// sets this: the caller saves its work and calls `endIfRequested`. A second signal ends the
  /// process at once.
  package static func isRequested() -> Bool {
    postpones.store(true, ordering: .relaxed)
    return postponed.load(ordering: .relaxed) != 0
  }

  /// Takes back what `isRequested` began: what was asked for is done, and the next signal ends the
  /// process at once.
  package static func acceptAtOnce() {
    postpones.store(false, ordering: .relaxed)
    postponed.store(0, ordering: .relaxed)
  }

  /// Ends the process by the signal that asked for it, if one did.
  package static func endIfRequested() {
    let number = postponed.load(ordering: .relaxed)
    guard number != 0 else { return }
    cf_end_by_signal(number)
  }

  private static func isPostponed(_ number: Int32) -> Bool {
    postpones.load(ordering: .relaxed)
      && postponed.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
  }

  /// From now on, touching lost bytes of a `MappedFile` removes temporary files, writes one
  /// sentence that names the file on standard error, and ends the process. Bytes are lost when the
  /// file is cut short or its disk fails. Without this call, SIGBUS ends the process.
  ///
  /// - Parameters:
  ///   - prefix: What the sentence begins with, such as the program's name.
  ///   - status: The exit code.
  package static func reportsLostMappings(prefix: String, status: Int32) {
    // Never freed: the handler may need it at any time.
    unsafe cf_end_on_lost_mapping(strdup(prefix), status)
  }

  /// Text that is written on standard error before the process ends, such as one that clears a
  /// status line.
  package struct LastWords: Sendable {
    /// The address of a copy that is never freed.
    private let address: Int

    /// Keeps the text; nothing is written yet.
    package init(_ text: String) { address = Int(bitPattern: unsafe strdup(text)) }

    /// Sets whether the text is written from now on.
    package func set(_ isWanted: Bool) {
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
