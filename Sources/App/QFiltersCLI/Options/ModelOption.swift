import ArgumentParser
import ByteIO
import Workflows

/// `--model`, in every command that runs one.
struct ModelOption: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: "Model: a .gguf file, or a folder with config.json, safetensors and tokenizer.json.",
    completion: .model)
  var path: String

  @OptionGroup var identity: IdentityOption

  /// - Parameters:
  ///   - weights: `mapped` where the model may be greater than memory.
  ///   - isExact: Whether nothing is rounded to bfloat16.
  func load(
    _ weights: LoadedModel.Weights = .inMemory, isExact: Bool = false
  ) throws -> LoadedModel {
    ProgressBar.begin("load \(Folder.name(of: path))")
    return try LoadedModel(
      path: path, weights: weights, remembersIdentity: identity.remembers, isExact: isExact)
  }
}

/// `--no-identity-cache`, in every command that needs the digests of a model.
struct IdentityOption: ParsableArguments {
  @Flag(
    name: .customLong("no-identity-cache"),
    help: "Compute the digest of the model's weights anew instead of taking the remembered one.")
  var isDisabled = false

  var remembers: Bool { !isDisabled }
}
