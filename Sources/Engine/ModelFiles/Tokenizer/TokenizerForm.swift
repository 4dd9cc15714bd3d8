import ByteIO
import Tokenization

/// What a `tokenizer.json` does to text before its model, recognised or rejected by name.
struct TokenizerForm {
  let kind: Vocabulary.Kind
  /// As `Vocabulary` names it.
  let preTokenizer: String
  /// Whether text is normalised before it is cut.
  let isNormalizing: Bool

  /// Recognises the steps of a file and the options of its model.
  init(_ file: JSONObject, _ model: JSONObject) throws {
    let steps = try TokenizerSteps(file)
    kind = try Self.kind(model, isByteLevel: steps.isByteLevel)
    isNormalizing = !steps.normalizers.isEmpty
    let ignoresMerges = try Self.checkOptions(model, kind)
    preTokenizer =
      try kind == .byteLevelBPE
      ? Self.words(steps, ignoresMerges: ignoresMerges) : Self.marking(steps)
    try Self.checkDecoder(file, kind)
  }

  private static func kind(_ model: JSONObject, isByteLevel: Bool) throws -> Vocabulary.Kind {
    // Older files name no type; a BPE then has merges.
    switch try model.text("type") ?? (model["merges"] == nil ? "(none)" : "BPE") {
    case "BPE": return isByteLevel ? .byteLevelBPE : .sentencePieceBPE
    case "Unigram": return .unigram
    case let type:
      throw TokenizerFile.unsupported(model, "tokenizer model \(type)", ["BPE", "Unigram"])
    }
  }

  /// Rejects options of the model that would change the ids. Returns whether words that are tokens
  /// are not cut.
  private static func checkOptions(_ model: JSONObject, _ kind: Vocabulary.Kind) throws -> Bool {
    let unsupported = ["dropout", "continuing_subword_prefix", "end_of_word_suffix"]
    let others = kind == .byteLevelBPE ? ["unk_token", "byte_fallback"] : ["ignore_merges"]
    for option in unsupported + others where !Self.isOff(model[option]) {
      throw TokenizerFile.unsupported(
        model, "tokenizer option \(option)", ["\(kind.rawValue) tokenizers without it"])
    }
    try model.rejectKeys(
      besides: unsupported + [
        "type", "unk_token", "unk_id", "byte_fallback", "ignore_merges", "fuse_unk", "vocab",
        "merges",
      ])
    return try model.bool("ignore_merges") == true
  }

  /// Whether an option is absent, false, empty or 0.
  private static func isOff(_ value: JSONValue?) -> Bool {
    switch value {
    case nil, .bool(false): true
    case .text(let text)?: text.isEmpty
    case let value?: value.double == 0
    }
  }

  /// GGUF's name for the way words are cut.
  private static func words(_ steps: TokenizerSteps, ignoresMerges: Bool) throws -> String {
    let pattern = KnownPattern.allCases.first { $0.steps == steps.preTokenizers }
    switch (pattern, steps.normalizers, ignoresMerges) {
    case (.gpt2, [], false): return "gpt-2"
    case (.smollm, [], false): return "smollm"
    case (.gpt4, [], true): return "llama-bpe"
    case (.gpt4, [], false): return "dbrx"
    case (.qwen, ["NFC"], false): return "qwen2"
    case (.qwen, [], false): return "deepseek-r1-qwen"
    case (.deepseekLLM, [], false): return "deepseek-llm"
    case (.deepseekCoder, [], false): return "deepseek-coder"
    case (.deepseekV3, [], false): return "deepseek-v3"
    case (nil, _, _):
      throw steps.unsupported(
        "pre-tokeniser", steps.preTokenizers, KnownPattern.allCases.map(\.name))
    case (_, _, true):
      throw steps.unsupported("tokenizer option", ["ignore_merges"], ["GPT-4's pattern with it"])
    default:
      throw steps.unsupported("normalizer", steps.normalizers, ["none", "NFC with Qwen's pattern"])
    }
  }

  /// How spaces are marked.
  private static func marking(_ steps: TokenizerSteps) throws -> String {
    let replace = #"Replace of " " by "▁""#
    switch (steps.normalizers, steps.preTokenizers) {
    // The `Split` finds no spaces, since the `Replace` left none.
    case ([replace], []), ([replace], [#"Split of " ", MergedWithPrevious"#]): return "plain"
    case ([#"Prepend of "▁""#, replace], []): return "prepended"
    case ([], ["Metaspace never"]): return "plain"
    case ([], ["Metaspace first"]): return "first"
    case ([], ["Metaspace always"]): return "always"
    case ([], ["Metaspace never, split"]): return "plain-words"
    case ([], ["Metaspace first, split"]): return "first-words"
    case ([], ["Metaspace always, split"]): return "always-words"
    default:
      throw steps.unsupported(
        "the steps", steps.normalizers + steps.preTokenizers,
        ["ByteLevel", "Metaspace", replace, #"Prepend of "▁", \#(replace)"#])
    }
  }

  private static func checkDecoder(_ file: JSONObject, _ kind: Vocabulary.Kind) throws {
    let decoder = try file.object("decoder")
    let type = try decoder?.text("type") ?? "(none)"
    var types = [type]
    if type == "Sequence" {
      types =
        try decoder?.array("decoders")?.map {
          try JSONObject($0, file.path, "decoder").text("type") ?? "(none)"
        } ?? []
    }
    let known =
      kind == .byteLevelBPE
      ? ["ByteLevel"] : ["Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"]
    guard let other = types.first(where: { !known.contains($0) }) else { return }
    throw TokenizerFile.unsupported(file, "decoder \(other)", known)
  }
}
