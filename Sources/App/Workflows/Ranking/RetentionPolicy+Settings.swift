import CacheFormat
package import QFilters

/// What measurements write into result files of how pairs were kept.
extension RetentionPolicy {
  /// What a measurement with that bank depends on, by the names in result files.
  package func settings(_ bank: FilterBank) -> [String: String] {
    var settings = [
      Self.sinksName: sinks.map(String.init) ?? Self.sourceSinks,
      Self.windowName: "\(window ?? Ranking.usualWindow)",
      "whole layers": "\(wholeLayers)",
      "the latest, every": recent.map(String.init) ?? Self.usualRecent,
      "Q-Filters": score(by: bank),
    ]
    if !hasEqualBudgets {
      settings["budgets"] = "by head, at least \(floorShare) of equal ones"
    }
    if usesLinearScore(of: bank) {
      settings[Self.sharedWindowName] = "\(window ?? Self.sharedWindow)"
    }
    if !ranksOutOfWindowLast { settings["what no token sees"] = "by its score" }
    return settings
  }

  private static let (sinksName, windowName) = ("sinks", "window")
  private static let sharedWindowName = "window with budgets by head"
  private static let sourceSinks = "as each method's source has them"

  /// The usual N of each scorer that gives places to the latest pairs.
  private static var usualRecent: String {
    let usual = ScorerID.methods.filter { $0.usualRecent(window: nil) > 0 }.map {
      "\($0.usualRecent(window: nil)), in short sliding windows \($0.usualRecent(window: 1)) "
        + "(\($0.name))"
    }
    return usual.joined(separator: ", ") + ", none (other methods)"
  }

  /// Whether ×N keeps nothing but sinks and window of `tokens`, so that all methods that rank hold
  /// the same pairs.
  ///
  /// - Parameter settings: As in `settings(_:)`, from a file: any text may be in it.
  package static func isAlone(
    of tokens: Int, _ compression: Int, _ method: String, _ settings: [String: String]
  ) -> Bool {
    guard case .ranked(let scorer) = Method(rawValue: method) else { return false }
    func number(_ name: String, _ usual: Int) -> Int {
      min(max(settings[name].flatMap(Int.init) ?? usual, 0), tokens)
    }
    // Sinks of each method's source differ between methods.
    let usualSinks = settings[sinksName] == sourceSinks ? 0 : Ranking.usualSinks
    let hasShares = settings[sharedWindowName] != nil && scorer.givesBudgets
    let window = number(hasShares ? sharedWindowName : windowName, Ranking.usualWindow)
    return kept(of: tokens, compression: compression) <= number(sinksName, usualSinks) + window
  }
}
