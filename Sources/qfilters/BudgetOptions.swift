import ArgumentParser
import CacheFormat
import QFilters
import Workflows

/// `--budget` and what goes with it, in commands that may let pairs go.
struct BudgetOptions: ParsableArguments {
  /// Methods that can rank under a budget: pairs are let go by what is in the cache.
  static let methods = TierTable.Scorer.allCases.filter { !$0.needsQueries }.map(Method.ranked)
  private static let names = methods.map(\.rawValue).joined(separator: ", ")
  static let usualWindow = 64

  @Option(help: "Hold at most so many pairs a head, and let the others go.")
  var budget: Int?
  @Option(help: "With --budget: so many last pairs always stay.")
  var window = usualWindow
  @Option(
    help: ArgumentHelp(
      "With --budget: what ranks the others: \(Self.names).", valueName: "method")
  )
  var method = "q-filters"
  @Option(help: "The model's filter bank (.qfilt), for q-filters.")
  var filters: String?

  func validate() throws {
    guard let budget else { return }
    guard (1...1 << 24).contains(budget) else {
      throw ValidationError("--budget must be from 1 to \(1 << 24).")
    }
    guard (0...budget).contains(window) else {
      throw ValidationError("--window must be from 0 to the budget, \(budget).")
    }
    guard Self.methods.contains(where: { $0.rawValue == method }) else {
      throw ValidationError("\(method) cannot rank under a budget; there are \(Self.names).")
    }
    guard method != Method.qFilters.rawValue || filters != nil else {
      throw ValidationError("--budget with q-filters needs --filters.")
    }
  }

  /// What lets pairs go, or nil.
  func eviction() throws -> Eviction? {
    guard let budget, let method = Method(rawValue: method) else { return nil }
    return Eviction(
      method, budget: budget, window: window, bank: try filters.map(FilterBank.init(path:)),
      bankPath: filters ?? "")
  }
}
