import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import Inference
import QFilters
import Workflows

/// `--model`, in every command that runs one.
struct ModelOption: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: "Model: a .gguf file, or a folder with config.json, safetensors and tokenizer.json.",
    completion: .model)
  var path: String

  @OptionGroup var identity: IdentityOption

  /// - Parameter weights: `mapped` where a model greater than memory is to work, too.
  func load(_ weights: LoadedModel.Weights = .inMemory) throws -> LoadedModel {
    ProgressBar.begin("load \(Folder.name(of: path))")
    return try LoadedModel(path: path, weights: weights, remembersIdentity: identity.remembers)
  }
}

/// `--filters`, in every command that cannot do without a filter bank.
struct FiltersOption: ParsableArguments {
  @Option(
    name: .customLong("filters"),
    help: ArgumentHelp("Filter bank of the model (.qfilt).", valueName: "file"),
    completion: .filterBank)
  var path: String

  func load() throws -> FilterBank { try FilterBank(path: path) }
}

/// `--no-identity-cache`, in every command that compares or writes digests of models.
struct IdentityOption: ParsableArguments {
  @Flag(
    name: .customLong("no-identity-cache"),
    help: "Compute the digest of the model's weights anew instead of taking the remembered one.")
  var isDisabled = false

  var remembers: Bool { !isDisabled }
}

/// `--json`, in every command that reports.
struct ReportOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object.")
  var json = false
}

/// How to generate.
struct GenerationOptions: ParsableArguments {
  @Option(help: "Maximum number of new tokens.")
  var maxTokens = 128
  @Option(help: "Sampling temperature. 0 takes the likeliest token; greater values vary more.")
  var temperature: Float = 0
  @Option(help: "Number of likeliest tokens to choose among; 0 for all.")
  var topK = 0
  @Option(help: "Probability that the likeliest tokens to choose among reach together.")
  var topP: Float = 1
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
  }

  var options: GenerationConfig {
    var options = GenerationConfig(
      maximumTokens: maxTokens,
      sampling: Sampler.Options(temperature: temperature, topK: topK, topP: topP, seed: seed))
    options.isInterrupted = Interruption.isRequested
    return options
  }
}

/// A prompt, given on the command line, in a file, or on standard input.
struct PromptOptions: ParsableArguments {
  @Option(
    help: "Prompt; - reads it from standard input. If it begins with a dash, write --prompt=….",
    completion: .list([]))
  var prompt: String?
  @Option(
    help: ArgumentHelp(
      "UTF-8 file that holds the prompt; - for standard input.", valueName: "file"),
    completion: .text)
  var promptFile: String?

  func validate() throws {
    guard (prompt == nil) != (promptFile == nil) else {
      throw ValidationError("Give one of --prompt and --prompt-file.")
    }
  }

  func text() throws -> [UInt8] {
    if let promptFile { return try TextFile.read(promptFile) }
    return prompt == "-" ? try TextFile.read("-") : Array((prompt ?? "").utf8)
  }
}

/// How a cache holds keys and values.
struct PrecisionOption: ParsableArguments {
  enum Precision: String, ExpressibleByArgument, CaseIterable { case f16, bf16, f32 }

  @Option(help: "Type in which keys and values are held: f16, bf16 or f32.")
  var precision = Precision.f16

  var element: KVCache.DType {
    switch precision {
    case .f16: .f16
    case .bf16: .bf16
    case .f32: .f32
    }
  }
}

/// How a snapshot stores keys and values.
struct StoredPrecisionOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Types in which keys and values are stored: terms [keys=|values=][N:]f16|bf16|f32|int8|int4 with "
        + "commas between them, as int8, or keys=int8,values=int4, or 8:f16,int4 (what ×8 keeps in f16, "
        + "the rest in int4). N is one of \(Self.ratios). At most one of f16, bf16 and f32. Default: f16, "
        + "or what the snapshot has.",
      valueName: "terms"), completion: .list(Self.usual),
    transform: Self.parse)
  var precision: Precision?

  /// Values that a shell offers.
  private static let usual = ["f16", "bf16", "f32", "int8", "int4", "8:int8,int4"]

  private static let ratios = Precision.ratios.map(String.init).joined(separator: ", ")

  private static func parse(_ text: String) throws -> Precision {
    do {
      return try Precision(text)
    } catch {
      throw ValidationError("\(error).")
    }
  }
}

/// What ranks the pairs.
struct MethodOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Method that ranks the pairs: \(Self.names). Default: q-filters.", valueName: "method"),
    completion: .list(ScorerID.allCases.map(\.name)),
    transform: Self.parse)
  var method: ScorerID?
  @Option(
    help: ArgumentHelp("Filter bank of the model (.qfilt), for q-filters.", valueName: "file"),
    completion: .filterBank)
  var filters: String?
  @Option(
    help: ArgumentHelp(
      "Seed of the method random. Equal seeds keep equal pairs. Default: 0.", valueName: "seed"))
  var rankingSeed: UInt64?

  func validate() throws {
    guard isFilters || filters == nil else {
      throw ValidationError("--filters is for the method q-filters alone.")
    }
    guard method != .qFilters || filters != nil else {
      throw ValidationError("The method q-filters needs --filters.")
    }
    guard rankingSeed == nil || method == .random else {
      throw ValidationError("--ranking-seed is for the method random alone.")
    }
  }

  /// Whether filters rank, as they do unless told.
  var isFilters: Bool { (method ?? .qFilters) == .qFilters }

  private static let names = ScorerID.allCases.map(\.name).joined(separator: ", ")

  private static func parse(_ name: String) throws -> ScorerID {
    guard let scorer = ScorerID(name: name) else {
      throw ValidationError("\(name) is no method; there are \(names).")
    }
    return scorer
  }

  /// The method that was asked for; nil if none was.
  func load() throws -> ScorerSource? {
    let bank = try filters.map { (try FilterBank(path: $0), path: $0) }
    return ScorerSource(method ?? .qFilters, bank: bank, seed: rankingSeed ?? 0)
  }
}

/// Checks a compression ×N.
func validateCompression(_ compression: Int?, option: String = "--compression") throws {
  guard let compression else { return }
  guard (1...Int(UInt32.max)).contains(compression) else {
    throw ValidationError(
      "\(option) must be from 1 to \(UInt32.max): ×N keeps 1/N of the pairs.")
  }
}
