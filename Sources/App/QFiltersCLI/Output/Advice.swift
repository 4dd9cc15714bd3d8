import ArgumentParser
import CacheCodec
import Inference
import Workflows

/// Which option of a command helps against an error: what a library, which knows no options, does not say.
enum Advice {
  /// What is said after the error's sentence; nil if no option helps.
  static func text(for error: any Error, of command: any ParsableCommand.Type) -> String? {
    switch error {
    case let error as PromptError: text(for: error, of: command)
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
      case is GenerateCommand.Type: "shorten it, or let pairs go with --budget"
      case is NeedleCommand.Type: "ask for smaller --lengths"
      default: "shorten it"
      }
    case .contextFull: "shorten the prompt, or let pairs go with --budget"
    case .sequenceTooLong: "ask for shorter ones with \(length(command))"
    case .tooShort: "give more text, or ask for less with \(amount(command))"
    case .needleTooLong: "ask for greater --lengths"
    default: nil
    }
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

  /// The option that says how long a sequence is.
  private static func length(_ command: any ParsableCommand.Type) -> String {
    switch command {
    case is PerplexityCommand.Type: "--tokens"
    case is FidelityCommand.Type: "--context or --continuation"
    default: "--length"
    }
  }

  /// The options that say how much text is needed.
  private static func amount(_ command: any ParsableCommand.Type) -> String {
    command is NeedleCommand.Type ? "--lengths" : "--sequences or \(length(command))"
  }
}
