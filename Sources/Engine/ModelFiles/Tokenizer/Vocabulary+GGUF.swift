import ByteIO
import Tokenization

extension Vocabulary {
  /// The vocabulary of a GGUF file.
  ///
  /// - Parameter rows: How many rows the embedding has, if that is known; later tokens are left
  ///   out.
  /// - Throws: `MalformedFile`; `UnsupportedModel` for normalisation that is not supported.
  init(_ metadata: GGUFMetadata, rows: Int?) throws {
    let model = try metadata.text("tokenizer.ggml.model")
    let tokens = try metadata.texts("tokenizer.ggml.tokens")
    let size = min(tokens.count, rows ?? tokens.count)
    let beyond = BeyondEmbedding(
      path: metadata.path, spellings: Set(tokens[size...]).subtracting(tokens[..<size]))
    let types = try Array(metadata.integers("tokenizer.ggml.token_type").prefix(size))
    let defaults = DefaultIDs(model: model, types: types)
    let preTokenizer = try Self.preTokenizer(model, metadata)
    func id(_ kind: String) throws -> Int? { try metadata.id(kind, below: size) }
    let beginOfText = try id("bos") ?? defaults.beginOfText
    self.init(
      model: model, preTokenizer: preTokenizer, tokens: Array(tokens.prefix(size)), types: types,
      merges: try beyond.leavingOut(Self.merges(model, metadata)), beginOfText: beginOfText,
      endOfText: try id("eos") ?? defaults.endOfText,
      addsBeginOfText: try beginOfText != nil
        && metadata.bool("tokenizer.ggml.add_bos_token")
          ?? Self.addsBeginOfText(model, preTokenizer),
      chatTemplate: try metadata.optionalText("tokenizer.chat_template"))
    path = metadata.path
    endsOfGeneration = try [id("eot"), id("eom")].compactMap(\.self)
    guard Self.isSentencePiece(model) else { return }
    scores = try merges.isEmpty ? Array(metadata.floats("tokenizer.ggml.scores").prefix(size)) : []
    unknown = try id("unknown") ?? defaults.unknown
    respellSpaces()
    if try metadata.optionalText("general.architecture") == "phi3" { restoreTraitsOfPhi3() }
  }

  private static func isSentencePiece(_ model: String) -> Bool {
    model == Kind.sentencePieceBPE.rawValue || model == Kind.unigram.rawValue
  }

  /// The value where a file has none: converters of Llama 2 and 3 left it out. Source: llama.cpp's
  /// `llama-vocab.cpp`.
  private static func addsBeginOfText(_ model: String, _ preTokenizer: String) -> Bool {
    model == "llama"
      || model == "gpt2" && ["llama-bpe", "llama3", "llama-v3"].contains(preTokenizer)
  }

  /// The ids where a file of a SentencePiece vocabulary names none. If the types contradict, there
  /// is no such token. Source: llama.cpp's `llama-vocab.cpp`.
  private struct DefaultIDs {
    var beginOfText, endOfText, unknown: Int?

    init(model: String, types: [Int32]) {
      func id(_ id: Int, ifOfType type: TokenType) -> Int? {
        types.indices.contains(id) && types[id] == type.rawValue ? id : nil
      }
      switch model {
      case "llama":
        beginOfText = id(1, ifOfType: .control)
        endOfText = id(2, ifOfType: .control)
        unknown = id(0, ifOfType: .unknown)
      case "t5":
        endOfText = id(1, ifOfType: .control)
        unknown = id(2, ifOfType: .unknown)
      default: break
      }
    }
  }

  /// The pre-tokeniser's name; for SentencePiece's vocabularies, how spaces are marked.
  private static func preTokenizer(_ model: String, _ metadata: GGUFMetadata) throws -> String {
    guard isSentencePiece(model) else {
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
    return try isSentencePiece(model) && metadata.values[key] == nil ? [] : metadata.texts(key)
  }

  /// Spells user-defined tokens of spaces as they are found in marked text; converters write
  /// spaces.
  private mutating func respellSpaces() {
    let userDefined = TokenType.userDefined.rawValue
    for (id, type) in types.enumerated() where type == userDefined && tokens.indices.contains(id) {
      if !tokens[id].isEmpty, tokens[id].allSatisfy({ $0 == UInt8(ascii: " ") }) {
        tokens[id] = tokens[id].flatMap { _ in [0xE2, 0x96, 0x81] as [UInt8] }
      }
    }
  }

  /// Restores what GGUF cannot store of Phi-3's tokens: the spaces after them belong to them.
  /// Source: the models' `tokenizer.json`.
  private mutating func restoreTraitsOfPhi3() {
    guard model == Kind.sentencePieceBPE.rawValue else { return }
    let control = TokenType.control.rawValue
    let plain = ["<unk>", "<s>", "<|endoftext|>"].map { Array($0.utf8) }
    for (id, type) in types.enumerated() where type == control && tokens.indices.contains(id) {
      if !plain.contains(tokens[id]) { traits[id] = .takesSpacesAfter }
    }
  }
}

extension GGUFMetadata {
  /// The id of a special token in the file: "bos", "eos", …; nil if the model has no such token.
  fileprivate func id(_ kind: String, below size: Int) throws(MalformedFile) -> Int? {
    let id = try optionalInteger("tokenizer.ggml.\(kind)_token_id", in: 0...Int(UInt32.max))
    return id.flatMap { $0 < size ? $0 : nil }
  }
}

extension GGUFFile {
  /// How many rows the embedding has, if this file holds it.
  var embeddingRows: Int? { tensors["token_embd.weight"]?.shape.first }
}
