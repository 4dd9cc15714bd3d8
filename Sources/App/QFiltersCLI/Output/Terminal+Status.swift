import Reports
import ByteIO
import FoundationEssentials
import Glibc
import Synchronization

/// A line on standard error that the next output takes the place of.
///
/// The cursor stays at the line's beginning, so that a terminal which becomes narrower, and breaks the line in two,
/// still loses all of it.
extension Terminal {
  /// Whether what was written to standard error can be erased.
  static let canErase =
    isWatched
    && !["", "dumb", "unknown"].contains(ProcessInfo.processInfo.environment["TERM"] ?? "")

  /// What removes a status, if one may be there.
  static let clearLine = canErase ? "\r\u{1B}[J" : ""

  private static let isShown = Atomic(false)
  /// Who presses Ctrl-C gets a clean line back.
  private static let lastWords = Interruption.LastWords(clearLine)

  /// Shows a status instead of the one that is there, and none if the text is empty.
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

  /// How many columns a status may take: one fewer than the terminal has now, since some break a line that is full.
  static var statusColumns: Int {
    var size = winsize()
    let isKnown = unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return (isKnown ? Int(size.ws_col) : usualColumns) - 1
  }
}
