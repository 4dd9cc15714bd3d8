import ArgumentParser
import CacheFormat
import QFilters
import Workflows

/// What ranks the pairs.
struct MethodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Method that ranks the pairs: \(Self.names). Default: q-filters.", valueName: "method"),
    completion: .list(ScorerID.allCases.map(\.name)),
    transform: Self.parse)
  var method: ScorerID?
  @Option(
    help: ArgumentHelp(
      "Filter bank of the model (.qfilt), for q-filters and linear.", valueName: "file"),
    completion: .filterBank)
  var filters: String?
  @Option(
    help: ArgumentHelp(
      "Seed of the method random. Equal seeds keep equal pairs. Default: 0.", valueName: "seed"))
  var rankingSeed: UInt64?

  func validate() throws {
    guard needsBank || filters == nil else {
      throw ValidationError("--filters is for the methods q-filters and linear alone.")
    }
    if let method, needsBank, filters == nil {
      throw ValidationError("The method \(method.name) needs --filters.")
    }
    guard rankingSeed == nil || method == .random else {
      throw ValidationError("--ranking-seed is for the method random alone.")
    }
  }

  /// Whether filters rank, which is the default.
  var isFilters: Bool { (method ?? .qFilters) == .qFilters }

  private var needsBank: Bool { (method ?? .qFilters).needsFilterBank }

  private static let names = ScorerID.allCases.map(\.name).joined(separator: ", ")

  private static func parse(_ name: String) throws -> ScorerID {
    guard let scorer = ScorerID(name: name) else {
      throw ValidationError("\(name) is not a method; known: \(names).")
    }
    return scorer
  }

  /// The method that was asked for; nil if none was.
  func load() throws -> ScorerSource? {
    let bank = try filters.map { (try FilterBank(path: $0), path: $0) }
    return ScorerSource(method ?? .qFilters, bank: bank, seed: rankingSeed ?? 0)
  }
}
