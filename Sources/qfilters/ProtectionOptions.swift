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
      Rank by Q-Filters as they were published: ⟨key, filter⟩, the filter being the mean over the query heads \
      as calibrated. Otherwise each query head's is turned, by RoPE, to the positions behind the prompt, which the \
      queries come from that its pairs are kept for, and KeyDiff has a share.
      """)
  var publishedScore = false
  @Option(
    help: """
      A preset instead of those: kvpress keeps of each head what its score says, and with streaming-llm four sinks, \
      no more.
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
      + (ranking == nil ? [] : ["--ranking"])
  }

  func validate() throws {
    guard ranking == nil || given.count == 1 else {
      throw ValidationError(
        "--ranking stands for --sinks, --window, --recent, --whole-layers and --published-score; leave them out."
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
    guard ranksByFilters || !publishedScore else {
      throw ValidationError("--published-score is for the method q-filters alone.")
    }
  }

  var protection: Protection {
    guard ranking == nil else { return .kvpress }
    var protection = Protection()
    protection.sinks = sinks ?? protection.sinks
    protection.window = window ?? protection.window
    protection.recent = recent
    protection.wholeLayers = wholeLayers ?? protection.wholeLayers
    protection.usesPublishedScore = publishedScore
    return protection
  }
}
