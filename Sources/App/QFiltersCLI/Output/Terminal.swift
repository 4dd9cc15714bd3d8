import ArgumentParser
import ByteIO
import FoundationEssentials
import Platform
import Reports

/// Output of the program.
enum Terminal {
  /// Whether standard error is a terminal.
  static let isWatched = isatty(STDERR_FILENO) == 1

  /// A result, on standard output, without a line break. If it cannot be written, the program ends
  /// at once with the exit code for input and output.
  static func write(_ text: String) {
    StartTime.mark(text)
    guard !send(text, to: STDOUT_FILENO) else { return }
    error("qfilters: \(SystemError(operation: "write", path: "standard output"))")
    exit(74)
  }

  /// A part of a result. If it cannot be written, the program continues.
  ///
  /// - Returns: Whether it was.
  static func offer(_ text: String) -> Bool {
    StartTime.mark(text)
    return send(text, to: STDOUT_FILENO)
  }

  /// Text from a file as a result. On a terminal, characters that could steer it are escaped.
  static func shown(_ text: String) -> String {
    guard isatty(STDOUT_FILENO) == 1 else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      let text = String(scalar)
      result += scalar == "\n" || scalar == "\t" ? text : Format.printable(text)
    }
  }

  /// A line of a result, on standard output.
  static func line(_ text: String) { write(text + "\n") }

  /// A message, on standard error. Nothing of it is secret: addresses lose their queries.
  static func error(_ text: String) {
    _ = send(Address.withoutSecrets(text) + "\n", to: STDERR_FILENO)
  }

  /// A failure with the option that helps, on standard error.
  static func failure(_ error: any Error, of command: any ParsableCommand.Type) {
    Self.error("qfilters: " + Format.printable(Advice.sentence(error, of: command)))
  }

  /// What a user should know of a successful run, on standard error.
  static func advise(_ text: String) { error("qfilters: note: " + Format.printable(text)) }

  /// A note, if standard error is a terminal.
  static func note(_ text: String) { if isWatched { error(text) } }

  /// A result as one JSON object with sorted keys, `startSeconds` among them. Numbers that are not
  /// finite are the text `inf`, `-inf` or `nan`, since JSON has no number for them.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    line(String(decoding: try encoder.encode(Started(value)), as: UTF8.self))
  }

  private static func send(_ text: String, to descriptor: Int32) -> Bool {
    removeStatus()
    return transmit(text, to: descriptor)
  }

  /// Writes text as it is.
  ///
  /// - Returns: Whether it was.
  @discardableResult
  static func transmit(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }
}

/// Lets a write to a closed pipe fail like one on a full disk, instead of ending the program.
func ignorePipeSignal(_ isIgnored: Bool) { _ = signal(SIGPIPE, isIgnored ? SIG_IGN : SIG_DFL) }

/// Lets a write beyond a limit on file sizes fail like one on a full disk, instead of ending the
/// program.
func ignoreFileSizeSignal() { _ = signal(SIGXFSZ, SIG_IGN) }
