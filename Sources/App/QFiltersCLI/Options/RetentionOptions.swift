import ArgumentParser
import QFilters
import Workflows

/// What every compression keeps, whatever the scores are.
struct RetentionOptions: ParsableArguments {
  @Option(help: "Number of first tokens that are always kept. Default: 4, or the preset's value.")
  var sinks: Int?
  @Option(
    help: """
      Number of last tokens that are always kept. Default: \(Ranking.usualWindow); with budgets by \
      head \(RetentionPolicy.sharedWindow); or the preset's value.
      """)
  var window: Int?
  @Option(
    help: """
      Interval N: after sinks and window, every Nth place goes to the newest pair left; 0 for \
      none. Default: 4 with q-filters, linear and kvzip (1 in layers with a sliding window of up \
      to 512), otherwise 0.
      """)
  var recent: Int?
  @Option(help: "Number of first layers that are always kept whole. Default: 0.")
  var wholeLayers: Int?
  @Flag(
    help: """
      Published Q-Filters score, ⟨key, filter⟩ with the mean filter of the query heads, and equal \
      budgets. Default: the linear score of the bank, if it has one, and filters rotated to the \
      positions after the prompt, with KeyDiff.
      """)
  var publishedScore = false
  @Flag(
    help: """
      Equal budgets: 1/N of every head's pairs. q-filters then ranks without the linear score. \
      Default: budgets by head with linear, kvzip, and q-filters if the bank has a linear score; \
      otherwise equal budgets.
      """)
  var equalBudgets = false
  @Option(
    help: """
      Preset that replaces --sinks, --window, --recent, --whole-layers, --published-score and \
      --equal-budgets. kvpress: the score alone decides in each head; only streaming-llm and kvzip \
      keep four sinks.
      """)
  var ranking: Preset?

  /// What is always kept, named after its source.
  enum Preset: String, ExpressibleByArgument, CaseIterable { case kvpress }

  private var numbers: [(name: String, value: Int?)] {
    [
      ("--sinks", sinks), ("--window", window), ("--recent", recent),
      ("--whole-layers", wholeLayers),
    ]
  }

  /// The options that were given.
  var given: [String] {
    numbers.filter { $0.value != nil }.map(\.name) + (publishedScore ? ["--published-score"] : [])
      + (equalBudgets ? ["--equal-budgets"] : [])
      + (ranking == nil ? [] : ["--ranking"])
  }

  func validate() throws {
    guard ranking == nil || given.count == 1 else {
      throw ValidationError(
        """
        --ranking replaces --sinks, --window, --recent, --whole-layers, --published-score and \
        --equal-budgets; leave them out.
        """
      )
    }
    for (name, value) in numbers {
      guard (0...1 << 24).contains(value ?? 0) else {
        throw ValidationError("\(name) must be from 0 to \(1 << 24).")
      }
    }
  }

  /// Rejects what would change nothing.
  func check(ranksByFilters: Bool) throws {
    guard ranksByFilters || !publishedScore else {
      throw ValidationError("--published-score is for the method q-filters alone.")
    }
  }

  var retention: RetentionPolicy {
    guard ranking == nil else { return .kvpress }
    var retention = RetentionPolicy()
    retention.sinks = sinks ?? retention.sinks
    retention.window = window
    retention.recent = recent
    retention.wholeLayers = wholeLayers ?? retention.wholeLayers
    retention.usesPublishedScore = publishedScore
    retention.hasEqualBudgets = equalBudgets || publishedScore
    return retention
  }
}
