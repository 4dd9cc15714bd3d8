import ArgumentParser
import CacheFormat
import QFilters
import Workflows

/// What ranks the pairs of a text.
struct MethodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Method that ranks the pairs: \(ScorerID.names(ScorerID.methods)). Default: q-filters.",
      valueName: "method"),
    completion: .list(ScorerID.methods.map(\.name)), transform: ScorerID.parse)
  var method: ScorerID?
  @OptionGroup var source: MethodSourceOptions

  func validate() throws { try source.check(for: method) }

  /// Whether filters rank, which is the default.
  var isFilters: Bool { (method ?? .qFilters) == .qFilters }

  /// The method that was asked for; nil if none was.
  func load() throws -> ScorerSource? { try source.load(method) }
}

/// What ranks the pairs of another engine's cache.
struct ImportMethodOptions: ParsableArguments {
  /// Methods that need no queries; KVzip makes its own.
  private static let methods = ScorerID.methods.filter { !$0.needsQueries || $0 == .kvzip }
  @Option(
    help: ArgumentHelp(
      "Method that ranks the pairs: \(ScorerID.names(Self.methods)). Default: q-filters.",
      valueName: "method"),
    completion: .list(Self.methods.map(\.name)), transform: ScorerID.parse)
  var method: ScorerID?
  @OptionGroup var source: MethodSourceOptions

  func validate() throws { try source.check(for: method) }

  /// Whether filters rank, which is the default.
  var isFilters: Bool { (method ?? .qFilters) == .qFilters }

  /// The method that was asked for; nil if none was.
  func load() throws -> ScorerSource? { try source.load(method) }
}

/// What ranks the pairs of a snapshot anew.
struct NewMethodOptions: ParsableArguments {
  /// Methods that need no queries, which a snapshot does not hold.
  private static let methods = ScorerID.methods.filter { !$0.needsQueries }
  @Option(
    help: ArgumentHelp(
      """
      Method that ranks the pairs anew: \(ScorerID.names(Self.methods)). Default: as stored; \
      q-filters with --filters.
      """, valueName: "method"),
    completion: .list(Self.methods.map(\.name)), transform: ScorerID.parse)
  var method: ScorerID?
  @OptionGroup var source: MethodSourceOptions

  func validate() throws { try source.check(for: method) }

  /// The method that was asked for; nil if none was.
  func load() throws -> ScorerSource? { try source.load(method) }
}

/// What a method takes.
struct MethodSourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Filter bank of the model (.qfilt), for q-filters and linear.", valueName: "file"),
    completion: .filterBank)
  var filters: String?
  @Option(
    help: ArgumentHelp(
      "Seed of the method random. Equal seeds keep equal pairs. Default: 0.", valueName: "seed"))
  var rankingSeed: UInt64?

  /// Rejects what a method cannot use, or lacks.
  fileprivate func check(for method: ScorerID?) throws {
    let needsBank = (method ?? .qFilters).needsFilterBank
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

  fileprivate func load(_ method: ScorerID?) throws -> ScorerSource? {
    let bank = try filters.map { (try FilterBank(path: $0), path: $0) }
    return ScorerSource(method ?? .qFilters, bank: bank, seed: rankingSeed ?? 0)
  }
}

extension ScorerID {
  fileprivate static func names(_ methods: [ScorerID]) -> String {
    methods.map(\.name).joined(separator: ", ")
  }

  /// The method of that name. Where there are no queries, one that needs them is rejected later.
  fileprivate static func parse(_ name: String) throws -> ScorerID {
    guard let scorer = ScorerID(name: name) else {
      throw ValidationError("\(name) is not a method; known: \(names(methods)).")
    }
    return scorer
  }
}
