import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import Inference
import QFilters
import Workflows

/// Which option of a command helps against an error. Libraries know no options: their errors say
/// what is wrong and where.
enum Advice {
  /// An error as a user sees it: the error's sentence and the advice.
  static func sentence(_ error: any Error, of command: any ParsableCommand.Type) -> String {
    "\(error)" + (text(for: error, of: command).map { "; \($0)" } ?? "")
  }

  /// What follows the error's sentence; nil if no option helps.
  private static func text(
    for error: any Error, of command: any ParsableCommand.Type
  ) -> String? {
    switch error {
    case let error as PromptError: text(for: error, of: command)
    case let error as SaveRefusal: text(for: error)
    case let error as MergeRefusal: text(for: error)
    case let error as ParentMissing:
      error.othersAreNamed
        ? "name the parent, or copy it there" : "copy it there, or name it with --parent"
    case let error as TransformMissing:
      error.othersAreNamed
        ? "name that transform, or copy it there" : "copy it there, or name it with --transform"
    case let error as KeyProblem where error.kind != .destroyed:
      "give its key file with --key-file, or type its passphrase on a terminal"
    case is IdentityNotProven:
      command is ResumeCommand.Type
        ? "use the files that it was made with, or --trust if you know that the model is the same"
        : "use the files that it was made with"
    case let error as CompressionNotStored where !error.isRanked:
      "rank it with recompress --method"
    case is RankingNeeded: "give --method"
    case is PrecisionNeeded: "give --precision"
    case is TransformNeeded: "name a transform with --transform"
    case is TransformNeedsAll: "leave --compression out, or choose another --precision"
    case let error as MalformedFile where error.problem.hasSuffix(SnapshotReader.replacedParent):
      "bring the old file back, or name it with --parent"
    case is LinkedFolder: "name that folder itself, or another one with --out"
    case is ReplacementRefusal: "choose another name, or replace it with --force"
    case let error as ModelNeeded:
      "name the model with --model" + (error.model.map { " (\($0))" } ?? "")
    case let error as ForeignCacheError where error.needsTokens:
      "give their ids with --tokens, or their text with --text"
    case let error as QueriesNotStored: "prefill the text with --method \(error.method)"
    case is RankingsDiffer: "give --method to rank all of it anew"
    case let error as CompressionsDiffer:
      "give --compression \(error.compression) or more, which drops pairs of \(error.other)"
    case EngineError.beyondRange: otherPrecision(command)
    case is NotQuantisable:
      command is RecompressCommand.Type
        ? "leave --precision out to keep them in bf16 or f32"
        : "store them as they are with --precision bf16 or --precision f32"
    default: nil
    }
  }

  private static func text(
    for error: PromptError, of command: any ParsableCommand.Type
  ) -> String? {
    switch error {
    case .tooLong:
      switch command {
      case is GenerateCommand.Type: "shorten it, or evict pairs with --budget"
      case is NeedleCommand.Type: "ask for smaller --lengths"
      default: "shorten it"
      }
    case .contextFull: "shorten the prompt, or evict pairs with --budget"
    case .sequenceBeyondRoPE: "ask for shorter ones with --length, or give --no-budgets"
    case .sequenceTooLong: "ask for shorter ones with \(length(command))"
    case .kindTooShort: "give more of it, or ask for shorter ones with --length"
    case .tooShort: "give more text, or ask for less with \(amount(command))"
    case .needleTooLong: "ask for greater --lengths"
    case .noChatTemplate: "leave --chat out"
    default: nil
    }
  }

  private static func text(for error: SaveRefusal) -> String? {
    switch error {
    case .needsFilters: "give --filters to rank the new pairs by Q-Filters"
    case .replacesSnapshot, .namedAsParent: "choose another name for --save"
    case .chainTooLong: "merge it into one snapshot with recompress, and continue that with --save"
    case .outReplacesSnapshot: "choose another name for --out"
    case .evicted: "leave out --save or --budget"
    case .foreignType: "leave out --save"
    }
  }

  private static func text(for error: MergeRefusal) -> String? {
    switch error {
    case .otherRecipe: "give all shards the same --corpus, --sequences and --length"
    case .missing(let sequences, let total):
      "compute \(shards(of: sequences, among: total)) and add the result"
    case .noBudgets: "give all shards --no-budgets, or none"
    case .onlyTransform: "write .qtrans or .qtsum with --out"
    case .onlyFilters: "write .qfilt or .qstat with --out"
    case .unknownSequences, .twice, .otherRoPE: nil
    }
  }

  private static let mostShards = 8

  /// The options for the shards that are missing, such as "--shard 2/7, --shard 5/7".
  private static func shards(of sequences: [Int], among total: Int) -> String {
    let shards = Precompute.Shard.shards(of: sequences, among: total)
    return shards.prefix(mostShards).map { "--shard \($0)" }.joined(separator: ", ")
      + (shards.count > mostShards ? ", …" : "")
  }

  private static func otherPrecision(_ command: any ParsableCommand.Type) -> String? {
    switch command {
    case is GenerateCommand.Type, is PrefillCommand.Type:
      "hold them with --precision bf16 or --precision f32"
    case is ResumeCommand.Type:
      "prefill the text again with --precision bf16 or --precision f32"
    default: nil
    }
  }

  /// The option for the length of a sequence.
  private static func length(_ command: any ParsableCommand.Type) -> String {
    switch command {
    case is PerplexityCommand.Type: "--tokens"
    case is FidelityCommand.Type: "--context or --continuation"
    default: "--length"
    }
  }

  /// The options for the amount of text.
  private static func amount(_ command: any ParsableCommand.Type) -> String {
    switch command {
    case is NeedleCommand.Type: "--lengths"
    case is SnapshotsCommand.Type: "--continuation"
    default: "--sequences or \(length(command))"
    }
  }
}
