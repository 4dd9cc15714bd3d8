public import CacheFormat
public import QFilters

/// What every compression keeps, whatever scores say, and in which order the rest is let go.
public struct Protection: Sendable, Equatable {
  /// How many first tokens rank before all others.
  public var sinks = Ranking.usualSinks
  /// How many last tokens rank next.
  public var window = Ranking.usualWindow
  /// Of those behind, every so-manieth is the latest that is left; 0 for none, nil for what is usual with the
  /// scorer.
  public var recent: Int?
  /// In layers with a sliding window, what no later token sees ranks last.
  public var ranksHiddenLast = true
  /// So many first layers are kept whole.
  public var wholeLayers = 0

  /// Four sinks, a window of 64, no whole layers.
  public init() {}

  /// Of each head what its score says, and no more, as kvpress compresses prompts.
  public static let kvpress: Protection = {
    var protection = Protection()
    (protection.sinks, protection.window, protection.recent) = (0, 0, 0)
    protection.ranksHiddenLast = false
    return protection
  }()

  /// How pairs rank by a scorer.
  public func ranking(by scorer: TierTable.Scorer) -> Ranking {
    Ranking(sinks: sinks, window: window, recent: recent ?? scorer.usualRecent)
  }

  /// By name, as results have it: what a measurement depends on.
  var settings: [String: String] {
    var settings = [
      Self.sinksName: "\(sinks)", Self.windowName: "\(window)", "whole layers": "\(wholeLayers)",
      "the latest, every": recent.map(String.init) ?? "as is usual with the method",
    ]
    if !ranksHiddenLast { settings["what no token sees"] = "by its score" }
    return settings
  }

  private static let (sinksName, windowName) = ("sinks", "window")

  /// How many pairs of a head rank before all others, of `tokens`, by such settings, which a file may hold.
  static func protected(of tokens: Int, _ settings: [String: String]) -> Int {
    func number(_ name: String, _ usual: Int) -> Int {
      let number = settings[name].flatMap(Int.init) ?? usual
      return min(max(number, 0), tokens)
    }
    return min(
      tokens, number(sinksName, Ranking.usualSinks) + number(windowName, Ranking.usualWindow))
  }
}
