import Platform

/// A line that a user types unseen.
package enum SecretInput {
  /// Asks on the terminal of the process, if its standard input or standard error is one.
  ///
  /// - Returns: What was typed, without the line's end; nil if there is no terminal.
  package static func ask(_ question: String) -> [UInt8]? {
    guard isatty(STDIN_FILENO) == 1 || isatty(STDERR_FILENO) == 1 else { return nil }
    let terminal = FileDescriptor(
      adopting: unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY))
    guard terminal.raw >= 0 else { return nil }
    var usual = termios()
    guard unsafe tcgetattr(terminal.raw, &usual) == 0 else { return nil }
    var hidden = usual
    hidden.c_lflag &= ~tcflag_t(ECHO)
    let raw = terminal.raw
    TerminalSettings.keep(usual, of: raw)
    unsafe _ = tcsetattr(raw, TCSAFLUSH, &hidden)
    defer { TerminalSettings.restore() }
    // A progress line may be there.
    write("\r\u{1B}[K" + question, to: terminal)
    let line = readLine(from: terminal)
    write("\n", to: terminal)
    return line
  }

  private static func write(_ text: String, to terminal: borrowing FileDescriptor) {
    let bytes = Array(text.utf8)
    unsafe _ = Glibc.write(terminal.raw, bytes, bytes.count)
  }

  private static func readLine(from terminal: borrowing FileDescriptor) -> [UInt8] {
    var (line, byte): ([UInt8], UInt8) = ([], 0)
    while uninterrupted({ unsafe read(terminal.raw, &byte, 1) }) == 1, byte != UInt8(ascii: "\n") {
      line.append(byte)
    }
    return line
  }
}
