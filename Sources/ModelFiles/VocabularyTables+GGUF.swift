import ByteIO

extension VocabularyTables {
  /// The tables of a GGUF file.
  ///
  /// - Throws: `MalformedFile`, `UnsupportedModel` for normalisation that is not built in.
  init(_ metadata: GGUFMetadata) throws {
    let ids = 0...Int(Int32.max)
    let model = try metadata.text("tokenizer.ggml.model")
    let isSentencePiece = model == "llama"
    self.init(
      path: metadata.path, model: model,
      preTokenizer: try Self.preTokenizer(model, metadata),
      tokens: try metadata.texts("tokenizer.ggml.tokens"),
      types: try metadata.integers("tokenizer.ggml.token_type"),
      merges: try Self.merges(model, metadata),
      beginOfText: try metadata.optionalInteger("tokenizer.ggml.bos_token_id", in: ids),
      endOfText: try metadata.optionalInteger("tokenizer.ggml.eos_token_id", in: ids),
      // Older files do not say so.
      addsBeginOfText: try metadata.bool("tokenizer.ggml.add_bos_token") ?? isSentencePiece,
      chatTemplate: try metadata.optionalText("tokenizer.chat_template"))
    guard model == "llama" || model == "t5" else { return }
    scores = try merges.isEmpty ? metadata.floats("tokenizer.ggml.scores") : []
    unknown = try metadata.optionalInteger("tokenizer.ggml.unknown_token_id", in: ids)
    respellSpaces()
    if try metadata.optionalText("general.architecture") == "phi3" { restoreTraitsOfPhi3() }
  }

  /// The name that stands there, or, of SentencePiece's vocabularies, how spaces are marked.
  private static func preTokenizer(_ model: String, _ metadata: GGUFMetadata) throws -> String {
    guard model == "llama" || model == "t5" else {
      return try metadata.optionalText("tokenizer.ggml.pre") ?? "default"
    }
    let removes = try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") == true
    if metadata.values["tokenizer.ggml.precompiled_charsmap"] != nil || removes && model == "t5" {
      throw UnsupportedModel(
        path: metadata.path,
        what: "normalisation by precompiled_charsmap or remove_extra_whitespaces",
        supported: ["none but marking spaces"])
    }
    let adds = try metadata.bool("tokenizer.ggml.add_space_prefix") ?? true
    return adds ? "prepended" : "plain"
  }

  private static func merges(
    _ model: String, _ metadata: GGUFMetadata
  ) throws(MalformedFile) -> [[UInt8]] {
    let key = "tokenizer.ggml.merges"
    let isOptional = model == "llama" || model == "t5"
    return try isOptional && metadata.values[key] == nil ? [] : metadata.texts(key)
  }

  /// Converters write user-defined tokens of spaces as spaces, though they are found in marked text.
  private mutating func respellSpaces() {
    for (id, type) in types.enumerated() where type == 4 && tokens.indices.contains(id) {
      if !tokens[id].isEmpty, tokens[id].allSatisfy({ $0 == UInt8(ascii: " ") }) {
        tokens[id] = tokens[id].flatMap { _ in [0xE2, 0x96, 0x81] as [UInt8] }
      }
    }
  }

  /// What GGUF cannot say of Phi-3's tokens, in a vocabulary of kind "llama": spaces after them belong to
  /// them. Source: the models' `tokenizer.json`.
  private mutating func restoreTraitsOfPhi3() {
    guard model == "llama" else { return }
    let plain = ["<unk>", "<s>", "<|endoftext|>"].map { Array($0.utf8) }
    for (id, type) in types.enumerated() where type == 3 && tokens.indices.contains(id) {
      if !plain.contains(tokens[id]) { traits[id] = 2 }
    }
  }
}
