import ByteIO
import Tokenization

/// The tokenizer: `tokenizer.json`, with what `tokenizer_config.json`, `config.json` and
/// `generation_config.json` say of it.
extension ModelFolder {
  /// The tokenizer alone.
  func vocabulary() throws -> Vocabulary {
    let config = try completedConfig()
    let size = try config.integer("vocab_size", in: 1...Int(Int32.max))
    return try vocabulary(config, size: size)
  }

  /// The configuration with transformers' defaults. An unsupported model has no known defaults, but
  /// its tokenizer may be supported.
  private func completedConfig() throws -> JSONObject {
    let object = try JSONObject(file: file("config.json"), section: "config")
    do {
      return try TransformersConfig(object).object
    } catch is UnsupportedModel {
      return object
    }
  }

  func vocabulary(_ config: JSONObject, size: Int) throws -> Vocabulary {
    let tokenizer = try TokenizerFile(path: file("tokenizer.json"), size: size)
    let settings =
      Folder.hasFile(file("tokenizer_config.json"))
      ? try JSONObject(file: file("tokenizer_config.json"), section: "tokenizer_config") : nil
    func id(_ kind: String) throws -> Int? {
      guard let settings, let name = try Self.content(of: "\(kind)_token", settings),
        !name.isEmpty, !tokenizer.beyond.contains(name)
      else { return try Self.id(config, "\(kind)_token_id", size) }
      guard let id = tokenizer.id(of: name) else {
        throw settings.error("\(kind)_token", "names no token of tokenizer.json")
      }
      return id
    }
    let beginOfText = try id("bos")
    if let first = tokenizer.firstSpecial, beginOfText.map({ tokenizer.tokens[$0] }) != first {
      throw UnsupportedModel(
        path: tokenizer.object.path,
        what: "the token \(JSONParser.quoted(first)) before every text",
        supported: ["the begin-of-text token"])
    }
    var vocabulary = Vocabulary(
      model: tokenizer.form.kind.rawValue, preTokenizer: tokenizer.form.preTokenizer,
      tokens: tokenizer.tokens, types: tokenizer.types, merges: tokenizer.merges,
      beginOfText: beginOfText, endOfText: try id("eos"),
      addsBeginOfText: try beginOfText != nil
        && settings?.bool("add_bos_token") ?? (tokenizer.firstSpecial != nil),
      chatTemplate: try chatTemplate(settings))
    vocabulary.path = tokenizer.object.path
    vocabulary.scores = tokenizer.scores
    vocabulary.unknown = tokenizer.unknown
    vocabulary.fusesUnknown = tokenizer.fusesUnknown
    vocabulary.traits = tokenizer.traits
    vocabulary.endsOfGeneration = try config.ids("eos_token_id") + generationEnds()
    return vocabulary
  }

  /// The ends of an answer in `generation_config.json`.
  private func generationEnds() throws -> [Int] {
    let path = file("generation_config.json")
    guard Folder.hasFile(path) else { return [] }
    return try JSONObject(file: path, section: "generation_config").ids("eos_token_id")
  }

  /// An id in `config.json`. A list of ends names no end of text.
  private static func id(
    _ config: JSONObject, _ key: String, _ size: Int
  ) throws(MalformedFile) -> Int? {
    if case .array = config[key] { return nil }
    return try config.ids(key).first { $0 < size }
  }

  /// A token, given as a text or as an object that describes it.
  private static func content(
    of key: String, _ settings: JSONObject
  ) throws(MalformedFile) -> [UInt8]? {
    if case .object = settings[key] { return try settings.object(key)?.bytes("content") }
    return try settings.bytes(key)
  }

  /// The longest template in bytes.
  private static let templateLimit: UInt64 = 1 << 20

  /// The chat template: a file of its own, as transformers writes it now, or else a setting of the
  /// tokenizer.
  private func chatTemplate(_ settings: JSONObject?) throws -> String? {
    let path = file("chat_template.jinja")
    guard Folder.hasFile(path) else { return try settings.flatMap(Self.template) }
    let file = try RandomAccessFile(path: path)
    guard file.size <= Self.templateLimit else {
      throw MalformedFile(
        path: path, section: "template", problem: "\(file.size) bytes are beyond belief")
    }
    let bytes = try file.read(at: 0, count: Int(file.size), section: "template")
    let text = String(decoding: bytes, as: UTF8.self)
    // Jinja drops one line break at the end of a template.
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// The template, or the default one of several with names.
  private static func template(_ settings: JSONObject) throws -> String? {
    guard case .array(let list) = settings["chat_template"] else {
      return try settings.text("chat_template")
    }
    let named = try list.map { try JSONObject($0, settings.path, "chat_template") }
    return try named.first { try $0.text("name") == "default" }?.text("template")
  }
}
