import Reports
import Synchronization

/// Shows the progress of a long job on standard error, if that is a terminal.
final class ProgressBar: Sendable {
  /// What is being done, since when, and how much of it was done before.
  private struct Phase {
    let what: String
    let start = ContinuousClock.now
    let done: Int

    /// Nil in the first second, which predicts little of the rest.
    func secondsLeft(_ done: Int, _ total: Int) -> Double? {
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      guard done > self.done, elapsed > 1 else { return nil }
      return elapsed * Double(total - done) / Double(done - self.done)
    }
  }

  private let phase = Mutex<Phase?>(nil)

  /// Shows a job without a measure of progress, until something else is shown.
  static func begin(_ what: String) {
    let what = Format.printable(what)
    if Terminal.canErase { Terminal.status("\(what) …") } else { Terminal.note("\(what) …") }
  }

  /// Shows that `done` of `total` units are done. With a total of 1, only the name is shown.
  func show(_ what: String, _ done: Int, _ total: Int) {
    guard Terminal.isWatched, total > 0 else { return }
    guard done < total else {
      phase.withLock { $0 = nil }
      return Self.clear()
    }
    let (isNew, secondsLeft) = phase.withLock { phase in
      let isNew = phase?.what != what
      if isNew { phase = Phase(what: what, done: done) }
      return (isNew, phase?.secondsLeft(done, total))
    }
    // A terminal that cannot erase gets one line for each phase.
    if isNew, total == 1 || !Terminal.canErase { return Self.begin(what) }
    Terminal.status(
      ProgressLine(what: what, done: done, total: total, secondsLeft: secondsLeft)
        .text(columns: Terminal.statusColumns))
  }

  /// Removes the bar.
  static func clear() { Terminal.status("") }
}
