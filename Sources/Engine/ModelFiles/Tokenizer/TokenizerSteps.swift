import ByteIO

/// The steps that a `tokenizer.json` lists under `normalizer` and `pre_tokenizer`, each in words.
struct TokenizerSteps {
  let path: String
  let normalizers: [String]
  let preTokenizers: [String]

  init(_ file: JSONObject) throws {
    path = file.path
    normalizers = try Self.flat(file, "normalizer", "normalizers").map(Self.describe)
    preTokenizers = try Self.flat(file, "pre_tokenizer", "pretokenizers").map(Self.describe)
  }

  /// Whether words are cut into bytes at last.
  var isByteLevel: Bool { preTokenizers.contains { $0.hasPrefix("ByteLevel") } }

  func unsupported(_ what: String, _ steps: [String], _ supported: [String]) -> UnsupportedModel {
    let list = steps.isEmpty ? "(none)" : steps.joined(separator: ", ")
    return UnsupportedModel(path: path, what: "\(what) \(list)", supported: supported)
  }

  /// One step, or those of a sequence.
  private static func flat(
    _ file: JSONObject, _ key: String, _ list: String
  ) throws(MalformedFile) -> [JSONObject] {
    guard let whole = try file.object(key) else { return [] }
    guard try whole.text("type") == "Sequence" else { return [whole] }
    var steps: [JSONObject] = []
    for step in try whole.array(list) ?? [] {
      steps.append(try JSONObject(step, whole.path, whole.section))
    }
    return steps
  }

  /// The step's type and those of its settings that change the ids.
  private static func describe(_ step: JSONObject) throws -> String {
    let type = try step.text("type") ?? "(none)"
    switch type {
    case "ByteLevel": return try byteLevel(step)
    case "Digits":
      return try step.bool("individual_digits") == true ? type : "Digits (together)"
    case "Split": return try split(step)
    case "Metaspace": return try metaspace(step)
    case "Prepend": return try "Prepend of \(JSONParser.quoted(step.bytes("prepend") ?? []))"
    case "Replace":
      guard let pattern = try step.object("pattern")?.bytes("String") else { return type }
      let content = try step.bytes("content") ?? []
      return "Replace of \(JSONParser.quoted(pattern)) by \(JSONParser.quoted(content))"
    default: return type
    }
  }

  private static func byteLevel(_ step: JSONObject) throws -> String {
    guard try step.bool("add_prefix_space") == false else { return "ByteLevel (add_prefix_space)" }
    return try step.bool("use_regex") ?? true ? "ByteLevel" : "ByteLevel (no use_regex)"
  }

  /// A known pattern by its name. If it covers every text, removing what does not match is the same
  /// as isolating what matches.
  private static func split(_ step: JSONObject) throws -> String {
    let pattern = try step.object("pattern")
    let behavior = try step.text("behavior") ?? "(none)"
    let isInverted = try step.bool("invert") == true
    guard let regex = try pattern?.bytes("Regex") else {
      let text = try JSONParser.quoted(pattern?.bytes("String") ?? [])
      return "Split of \(text), \(behavior)\(isInverted ? ", inverted" : "")"
    }
    let known = KnownPattern.regexes.first { $0.regex.utf8.elementsEqual(regex) }
    let isolates = behavior == "Isolated" && !isInverted
    if let known, isolates || known.coversAll && behavior == "Removed" && isInverted {
      return known.name
    }
    return "Split of \(JSONParser.quoted(regex))\(isolates ? "" : ", \(behavior)")"
  }

  private static func metaspace(_ step: JSONObject) throws -> String {
    guard try step.text("replacement") ?? "▁" == "▁" else { return "Metaspace (other replacement)" }
    // Older files have a flag instead.
    let scheme =
      try step.text("prepend_scheme")
      ?? (step.bool("add_prefix_space") ?? true ? "always" : "never")
    return "Metaspace \(scheme)\(try step.bool("split") ?? true ? ", split" : "")"
  }
}
