/// Shows on standard error how far a long job is, if somebody watches.
final class ProgressBar {
  /// What is being done, since when, and how much of it was done before.
  private var phase: (what: String, start: ContinuousClock.Instant, done: Int)?

  /// Says what is being done where nothing can tell how far it is, until something else is shown.
  static func begin(_ what: String) {
    let what = Format.printable(what)
    if Terminal.canErase { Terminal.status("\(what) …") } else { Terminal.note("\(what) …") }
  }

  /// Shows that `done` of `total` units are done; of a total of 1 only what is being done.
  func show(_ what: String, _ done: Int, _ total: Int) {
    guard Terminal.isWatched, total > 0 else { return }
    guard done < total else {
      phase = nil
      return Self.clear()
    }
    if phase?.what != what {
      phase = (what, .now, done)
      // A terminal that cannot erase gets one line for each phase.
      if total == 1 || !Terminal.canErase { return Self.begin(what) }
    }
    Terminal.status(
      ProgressLine(what: what, done: done, total: total, secondsLeft: secondsLeft(done, total))
        .text(columns: Terminal.statusColumns))
  }

  /// What the first moments took says little of the rest.
  private func secondsLeft(_ done: Int, _ total: Int) -> Double? {
    guard let phase, done > phase.done else { return nil }
    let elapsed = (ContinuousClock.now - phase.start) / .seconds(1)
    return elapsed > 1 ? elapsed * Double(total - done) / Double(done - phase.done) : nil
  }

  /// Removes the bar.
  static func clear() { Terminal.status("") }
}
