import Reports

/// The progress of a job, on one line of a terminal.
struct ProgressLine {
  let what: String
  let done, total: Int
  /// Nil until that can be told.
  let secondsLeft: Double?

  private static let longestBar = 30
  private static let shortestBar = 8

  /// The line with all that fits a width: bar, count and time; count and time; or the percentage.
  func text(columns: Int) -> String {
    let left = secondsLeft.map { ", \(Format.wholeDuration($0)) left" } ?? ""
    let counted = "\(done)/\(total)\(left)"
    let forBar = columns - Format.columns(what) - counted.count - 2
    if forBar >= Self.shortestBar {
      return "\(what) \(bar(min(forBar, Self.longestBar))) \(counted)"
    }
    let percent = "\(Int(share * 100)) %"
    let shorter = ["\(what) \(counted)", "\(what) \(percent)\(left)", "\(what) \(percent)"]
    if let fitting = shorter.first(where: { Format.columns($0) <= columns }) { return fitting }
    let room = columns - percent.count - 1
    return room > 1 ? "\(Format.cut(what, toColumns: room)) \(percent)" : percent
  }

  private var share: Double { Double(done) / Double(total) }

  private func bar(_ width: Int) -> String {
    let filled = Int(share * Double(width))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }
}
