import CFaults
import Dispatch
import Glibc

/// How a process ends in the middle of its work: with no temporary file left behind.
///
/// For a program to ask for when it starts; a library that is used by another program changes none of
/// that program's signals.
public enum Interruption {
  /// From now on Ctrl-C, a request to terminate, and a closed terminal remove what has a temporary name
  /// before they end the process. Signals that are ignored stay ignored.
  public static func removesTemporaryFiles() {
    let queue = DispatchQueue(label: "interruption")
    for number in [SIGINT, SIGTERM, SIGHUP] {
      guard !isIgnored(number) else { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // The handler holds its own source, which is to last as long as the process.
      source.setEventHandler { [source] in
        _ = source
        cf_end_by_signal(number)
      }
      source.resume()
    }
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

  /// What a signal writes on standard error before it ends the process, such as what removes a status there.
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
