import ByteIO
import FoundationEssentials
import Platform
import Reports
import Synchronization

/// A line on standard error that the next output replaces.
///
/// The cursor stays at the line's beginning: if the terminal becomes narrower and breaks the line
/// in two, all of it is still erased.
extension Terminal {
  /// Whether what was written to standard error can be erased.
  static let canErase =
    isWatched
    && !["", "dumb", "unknown"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "")

  /// The bytes that erase a status.
  static let clearLine = canErase ? "\r\u{1B}[J" : ""

  private static let isShown = Atomic(false)
  /// Ctrl-C leaves a clean line.
  private static let lastWords = Interruption.LastWords(clearLine)

  /// Replaces the status; an empty text removes it.
  static func status(_ text: String) {
    guard canErase else { return }
    guard !text.isEmpty else { return removeStatus() }
    isShown.store(true, ordering: .relaxed)
    lastWords.set(true)
    transmit(clearLine + Format.cut(text, toColumns: statusColumns) + "\r", to: STDERR_FILENO)
  }

  /// Removes the status if there is one.
  static func removeStatus() {
    guard isShown.exchange(false, ordering: .relaxed) else { return }
    lastWords.set(false)
    transmit(clearLine, to: STDERR_FILENO)
  }

  private static let usualColumns = 80

  /// How many columns a status may take: one fewer than the terminal has. Some break full lines.
  static var statusColumns: Int {
    var size = winsize()
    let isKnown = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return (isKnown ? Int(size.ws_col) : usualColumns) - 1
  }
}
