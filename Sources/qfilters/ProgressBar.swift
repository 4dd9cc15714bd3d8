/// Shows on standard error how far a long job is, if somebody watches.
struct ProgressBar {
  private static let width = 30
  private let clock = ContinuousClock.now

  /// Shows that `done` of `total` units are done.
  func show(_ what: String, _ done: Int, _ total: Int) {
    guard Terminal.isWatched, total > 0 else { return }
    guard done < total else { return Self.clear() }
    let filled = Self.width * done / total
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
    let elapsed = (ContinuousClock.now - clock).components.seconds
    let left = done > 0 ? Double(elapsed) * Double(total - done) / Double(done) : 0
    Terminal.status("\(what) \(bar) \(done)/\(total), \(Format.wholeDuration(left)) left")
  }

  /// Removes the bar.
  static func clear() { if Terminal.isWatched { Terminal.status("") } }
}
