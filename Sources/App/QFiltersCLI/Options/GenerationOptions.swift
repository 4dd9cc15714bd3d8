import ArgumentParser
import ByteIO
import Inference
import Workflows

/// How to generate.
struct GenerationOptions: ParsableArguments {
  @Option(help: "Maximum number of new tokens.")
  var maxTokens = 128
  @Option(help: "Sampling temperature. 0 takes the likeliest token; greater values vary more.")
  var temperature: Float = 0
  @Option(help: "Number of likeliest tokens to choose among; 0 for all.")
  var topK = 0
  @Option(help: "Total probability of the likeliest tokens to choose among.")
  var topP: Float = 1
  @Option(help: "Least probability of a token to choose among, as a share of the likeliest one's.")
  var minP: Float = 0
  @Option(
    help: "Penalty of tokens that the answer already has: what divides their logits. 1 is none.")
  var repetitionPenalty: Float = 1
  @Option(
    help: ArgumentHelp(
      "Text before which the answer ends. May be repeated.",
      valueName: "text"))
  var stop: [String] = []
  @Option(help: "Seed of the sampling. Equal seeds give equal texts.")
  var seed: UInt64 = 0

  func validate() throws {
    guard (1...1 << 24).contains(maxTokens) else {
      throw ValidationError("--max-tokens must be from 1 to \(1 << 24).")
    }
    guard temperature >= 0, temperature.isFinite else {
      throw ValidationError("--temperature must be 0 or more.")
    }
    guard topK >= 0 else { throw ValidationError("--top-k must be 0 or more.") }
    guard topP > 0, topP <= 1 else { throw ValidationError("--top-p must be above 0, at most 1.") }
    guard 0...1 ~= minP else { throw ValidationError("--min-p must be from 0 to 1.") }
    guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
      throw ValidationError("--repetition-penalty must be above 0.")
    }
    guard !stop.contains("") else { throw ValidationError("--stop must not be empty.") }
  }

  var options: GenerationConfig {
    var options = GenerationConfig(
      maximumTokens: maxTokens,
      sampling: Sampler.Options(
        temperature: temperature, topK: topK, topP: topP, minP: minP,
        repetitionPenalty: repetitionPenalty, seed: seed), stopStrings: stop)
    options.isInterrupted = Interruption.isRequested
    return options
  }
}
