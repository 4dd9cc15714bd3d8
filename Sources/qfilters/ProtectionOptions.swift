import ArgumentParser
import QFilters
import Workflows

/// What every compression keeps, whatever scores say.
struct ProtectionOptions: ParsableArguments {
  @Option(help: "So many first tokens are always kept; 4 unless a preset says otherwise.")
  var sinks: Int?
  @Option(help: "So many last tokens are always kept; 64 unless a preset says otherwise.")
  var window: Int?
  @Option(
    help: """
      Of the pairs behind sinks and window, every Nth that is kept is the latest that is left, whatever \
      its score, 0 for none; unless told, 4 with q-filters, but 1 in layers with a sliding window of up to 512, and 0 with \
      other methods.
      """)
  var recent: Int?
  @Option(help: "So many first layers are always kept whole; none unless told.")
  var wholeLayers: Int?
  @Flag(
    help: """
      Rank by Q-Filters as they were calibrated, as published; otherwise they are turned, by RoPE, to the \
      positions behind the prompt, which the queries come from that its pairs are kept for.
      """)
  var noTurn = false
  @Option(
    help: "A preset instead of those: kvpress keeps of each head what its score says, no more.")
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
    numbers.filter { $0.value != nil }.map(\.name) + (noTurn ? ["--no-turn"] : [])
      + (ranking == nil ? [] : ["--ranking"])
  }

  func validate() throws {
    guard ranking == nil || given.count == 1 else {
      throw ValidationError(
        "--ranking stands for --sinks, --window, --recent, --whole-layers and --no-turn; leave them out."
      )
    }
    for (name, value) in numbers {
      guard (0...1 << 24).contains(value ?? 0) else {
        throw ValidationError("\(name) must be from 0 to \(1 << 24).")
      }
    }
  }

  /// Refuses what would change nothing.
  func check(ranksByFilters: Bool) throws {
    guard ranksByFilters || !noTurn else {
      throw ValidationError("--no-turn is for the method q-filters alone.")
    }
  }

  var protection: Protection {
    guard ranking == nil else { return .kvpress }
    var protection = Protection()
    protection.sinks = sinks ?? protection.sinks
    protection.window = window ?? protection.window
    protection.recent = recent
    protection.wholeLayers = wholeLayers ?? protection.wholeLayers
    protection.turnsFilters = !noTurn
    return protection
  }
}
