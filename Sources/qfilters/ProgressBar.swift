/// Shows on standard error how far a long job is, if somebody watches.
struct ProgressBar {
  private static let width = 30
  private let start = ContinuousClock.now

  /// Shows that `done` of `total` units are done.
  func show(_ what: String, _ done: Int, _ total: Int) {
    guard Terminal.isWatched, total > 0 else { return }
    guard done < total else { return Self.clear() }
    let filled = Self.width * done / total
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    // What the first moments took says little of the rest.
    let left = elapsed > 1 && done > 0 ? elapsed * Double(total - done) / Double(done) : nil
    Terminal.status(
      "\(what) \(bar) \(done)/\(total)" + (left.map { ", \(Format.wholeDuration($0)) left" } ?? ""))
  }

  /// Removes the bar.
  static func clear() { if Terminal.isWatched { Terminal.status("") } }
}
