import ArgumentParser
import CacheFormat
import QFilters
import Workflows

/// `--budget` and the options that go with it, in commands that can evict pairs.
struct BudgetOptions: ParsableArguments {
  /// Methods that can rank under a budget: those whose score needs no queries. `linear` is not
  /// among them; q-filters use the bank's linear score, if it has one.
  static let methods = ScorerID.methods.filter { !$0.needsQueries && $0 != .linear }
    .map(Method.ranked)
  private static let names = methods.map(\.rawValue).joined(separator: ", ")
  @Option(help: "Maximum pairs per head, as a mean if heads share the budget. Default: no limit.")
  var budget: Int?
  @Option(
    help:
      """
      With --budget: number of last pairs that always stay. Default: \(Ranking.usualWindow), or \
      \(RetentionPolicy.sharedWindow) with budgets by head, but at most the budget.
      """
  )
  var window: Int?
  @Option(
    help: ArgumentHelp(
      """
      With --budget: method that ranks the pairs before the window: \(Self.names). \
      Default: q-filters.
      """,
      valueName: "method"), completion: .list(Self.methods.map(\.rawValue)),
    transform: Self.parse)
  var method: Method?
  @Option(
    help: ArgumentHelp("Filter bank of the model (.qfilt), for q-filters.", valueName: "file"),
    completion: .filterBank)
  var filters: String?
  @Flag(
    help: """
      With --budget: equal budgets for all heads, and the published Q-Filters score. Default: a \
      budget shared by the heads if the bank has a linear score, otherwise equal budgets.
      """)
  var equalBudgets = false

  func validate() throws {
    guard let budget else {
      guard window == nil else { throw ValidationError("--window needs --budget.") }
      guard method == nil else { throw ValidationError("--method needs --budget.") }
      guard !equalBudgets else { throw ValidationError("--equal-budgets needs --budget.") }
      return
    }
    guard (1...1 << 24).contains(budget) else {
      throw ValidationError("--budget must be from 1 to \(1 << 24).")
    }
    guard (0...budget).contains(window ?? 0) else {
      throw ValidationError("--window must be from 0 to the budget, \(budget).")
    }
    let usesFilters = (method ?? .qFilters) == .qFilters
    guard !usesFilters || filters != nil else {
      throw ValidationError("--budget with q-filters needs --filters.")
    }
    guard usesFilters || filters == nil else {
      throw ValidationError("--filters is for the method q-filters alone.")
    }
  }

  private static func parse(_ name: String) throws -> Method {
    guard let method = methods.first(where: { $0.rawValue == name }) else {
      throw ValidationError("\(name) cannot rank under a budget; these can: \(names).")
    }
    return method
  }

  /// What evicts pairs, or nil without a budget.
  func eviction() throws -> Eviction? {
    guard let budget else { return nil }
    return Eviction(
      method ?? .qFilters, budget: budget, window: window, hasEqualBudgets: equalBudgets,
      bank: try filters.map(FilterBank.init(path:)), bankPath: filters ?? "")
  }
}
