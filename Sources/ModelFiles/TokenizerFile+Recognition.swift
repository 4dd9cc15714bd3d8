import ByteIO

/// What is recognised.
extension TokenizerFile {
  /// Options of the model that would change the ids, harmless if absent, null, false or empty.
  private static let unsupportedOptions = [
    "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback",
    "ignore_merges",
  ]

  static func checkModel(_ model: JSONObject) throws {
    // Older files name no type; a BPE is then known by its merges.
    let type = try model.text("type") ?? (model["merges"] == nil ? "(none)" : "BPE")
    guard type == "BPE" else { throw unsupported(model, "tokenizer model \(type)", ["BPE"]) }
    for option in unsupportedOptions {
      switch model[option] {
      case nil, .bool(false): break
      case .text(let text)? where text.isEmpty: break
      case let value? where value.double == 0: break
      default:
        throw unsupported(model, "tokenizer option \(option)", ["byte-level BPE without it"])
      }
    }
    try model.refuseKeys(besides: unsupportedOptions + ["type", "fuse_unk", "vocab", "merges"])
  }

  static func checkNormalizer(_ object: JSONObject) throws {
    guard let normalizer = try object.object("normalizer") else { return }
    let type = try normalizer.text("type") ?? "(none)"
    if type == "Sequence", try normalizer.array("normalizers")?.isEmpty == true { return }
    throw unsupported(object, "normalizer \(type)", ["none"])
  }

  static func checkDecoder(_ object: JSONObject) throws {
    let type = try object.object("decoder")?.text("type") ?? "(none)"
    guard type == "ByteLevel" else { throw unsupported(object, "decoder \(type)", ["ByteLevel"]) }
  }

  /// GGUF's name for what the file spells out.
  static func preTokenizer(_ object: JSONObject) throws -> String {
    var steps: [JSONObject] = []
    if let whole = try object.object("pre_tokenizer") {
      let parts = try whole.text("type") == "Sequence" ? whole.array("pretokenizers") ?? [] : nil
      steps = try parts?.map { try JSONObject($0, whole.path, whole.section) } ?? [whole]
    }
    switch try steps.map(describe) {
    case ["ByteLevel"]: return "gpt-2"
    case ["Digits", "ByteLevel"]: return "smollm"
    case let names:
      let what =
        names.isEmpty ? "no pre-tokeniser" : "pre-tokeniser " + names.joined(separator: ", ")
      throw unsupported(object, what, ["ByteLevel", "Digits (individual), ByteLevel"])
    }
  }

  /// The step's type, and what about it is not built in.
  private static func describe(_ step: JSONObject) throws -> String {
    let type = try step.text("type") ?? "(none)"
    switch type {
    case "ByteLevel":
      guard try step.bool("add_prefix_space") == false else {
        return "ByteLevel (add_prefix_space)"
      }
      return try step.bool("use_regex") ?? true ? type : "ByteLevel (no use_regex)"
    case "Digits": return try step.bool("individual_digits") == true ? type : "Digits (together)"
    default:
      guard let pattern = try? step.object("pattern")?.bytes("Regex") else { return type }
      return "\(type) of \(JSONParser.quoted(pattern))"
    }
  }

  /// The token that is put before a text, if one is; behind it nothing may be.
  static func postProcessor(_ object: JSONObject) throws -> [UInt8]? {
    guard let whole = try object.object("post_processor") else { return nil }
    let parts = try whole.text("type") == "Sequence" ? whole.array("processors") ?? [] : nil
    var first: [UInt8]?
    for part in try parts?.map({ try JSONObject($0, whole.path, whole.section) }) ?? [whole] {
      let type = try part.text("type") ?? "(none)"
      switch type {
      case "ByteLevel": break
      case "TemplateProcessing" where first == nil: first = try specialBeforeText(part)
      default: throw unsupported(object, "post_processor \(type)", ["ByteLevel", "none"])
      }
    }
    return first
  }

  /// Of a template for one text: the text alone, or a special token and the text.
  private static func specialBeforeText(_ template: JSONObject) throws -> [UInt8]? {
    let pieces = try template.array("single")?.map {
      try JSONObject($0, template.path, template.section)
    }
    let supported = ["a text", "a special token and a text"]
    guard let pieces, let last = pieces.last, pieces.count <= 2,
      try last.object("Sequence")?.text("id") == "A"
    else { throw unsupported(template, "the template of the post_processor", supported) }
    guard pieces.count == 2 else { return nil }
    guard let token = try pieces[0].object("SpecialToken")?.bytes("id") else {
      throw unsupported(template, "the template of the post_processor", supported)
    }
    return token
  }

  private static func unsupported(
    _ object: JSONObject, _ what: String, _ supported: [String]
  ) -> UnsupportedModel {
    UnsupportedModel(path: object.path, what: what, supported: supported)
  }
}
