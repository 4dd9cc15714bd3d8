public import QFilters

/// What every compression keeps, whatever scores say, and in which order the rest is let go.
public struct Protection: Sendable, Equatable {
  /// Sinks and window rank before all others.
  public var ranking = Ranking()
  /// In layers with a sliding window, what no later token sees ranks last.
  public var ranksHiddenLast = true
  /// So many first layers are kept whole.
  public var wholeLayers = 0

  /// Four sinks, a window of 64, no whole layers.
  public init() {}

  /// Of each head what its score says, and no more, as kvpress compresses prompts.
  public static let kvpress: Protection = {
    var protection = Protection()
    protection.ranking = Ranking(sinks: 0, window: 0)
    protection.ranksHiddenLast = false
    return protection
  }()

  /// By name, as results have it: what a measurement depends on.
  var settings: [String: String] {
    var settings = [
      Self.sinks: "\(ranking.sinks)", Self.window: "\(ranking.window)",
      "whole layers": "\(wholeLayers)",
    ]
    if ranking.recent > 0 { settings["the latest, every"] = "\(ranking.recent)" }
    if !ranksHiddenLast { settings["what no token sees"] = "by its score" }
    return settings
  }

  private static let (sinks, window) = ("sinks", "window")

  /// How many pairs of a head rank before all others, of `tokens`, by such settings, which a file may hold.
  static func protected(of tokens: Int, _ settings: [String: String]) -> Int {
    func number(_ name: String, _ usual: Int) -> Int {
      let number = settings[name].flatMap(Int.init) ?? usual
      return min(max(number, 0), tokens)
    }
    return min(
      tokens, number(sinks, Ranking.usualSinks) + number(window, Ranking.usualWindow))
  }
}
