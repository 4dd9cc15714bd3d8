import Platform
import Synchronization

/// The settings of a terminal that a process changes for a while. A process that ends meanwhile
/// brings them back.
package enum TerminalSettings {
  private static let usual = Mutex<(terminal: Int32, settings: termios)?>(nil)

  /// Notes the settings of a terminal.
  static func keep(_ settings: termios, of terminal: Int32) {
    usual.withLock { $0 = (terminal, settings) }
  }

  /// Brings the settings back that were noted last, if they were not brought back yet.
  static func restore() {
    guard let (terminal, settings) = usual.withLock({ $0.take() }) else { return }
    var copy = settings
    unsafe _ = tcsetattr(terminal, TCSAFLUSH, &copy)
  }

  /// Calls `body`, which may change the settings of standard input, and brings them back.
  package static func restored<T>(after body: () -> T) -> T {
    var settings = termios()
    if unsafe tcgetattr(STDIN_FILENO, &settings) == 0 { keep(settings, of: STDIN_FILENO) }
    defer { restore() }
    return body()
  }
}
