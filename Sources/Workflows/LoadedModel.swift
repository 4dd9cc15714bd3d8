import ByteIO
public import CacheFormat
public import Inference
public import ModelFiles
public import Tokenization

/// A model ready for work: weights, tokenizer and identity.
public final class LoadedModel {
  /// The model's file or folder.
  public let file: ModelFile
  /// Runs the model.
  public let engine: Engine
  /// The model's tokenizer.
  public let tokenizer: Tokenizer
  /// The digests that tie files to this model; computed when first asked for, since that reads all
  /// weights once.
  public private(set) lazy var identity = Identity(of: engine, tokenizer)

  /// Opens a model.
  ///
  /// - Parameter inMemory: Takes the weights into memory, for work that reads them for every token; otherwise
  ///   they stay in the mapped file, which may be greater than memory.
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`,
  ///   `EngineError`.
  public init(path: String, inMemory: Bool = false) throws {
    file = try ModelFile(path: path)
    tokenizer = try Self.tokenizer(of: file.vocabulary)
    engine = try Engine(file)
    if inMemory { try engine.copyWeightsIntoMemory() }
  }

  /// Opens only a model's tokenizer.
  ///
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`.
  public static func loadTokenizer(path: String) throws -> Tokenizer {
    try tokenizer(of: VocabularyTables(path: path))
  }

  /// Opens only a model's tokenizer and its chat template; nil for the latter if there is none that
  /// is known.
  ///
  /// - Throws: As `loadTokenizer`.
  static func loadChat(path: String) throws -> (Tokenizer, ChatTemplate?) {
    let tables = try VocabularyTables(path: path)
    let tokenizer = try tokenizer(of: tables)
    return (tokenizer, try? chatTemplate(of: tables, tokenizer, path: path))
  }

  /// The model's chat template.
  ///
  /// - Throws: `TokenizationError` if it is not one that is known, `PromptError` if there is none.
  public func chatTemplate() throws -> ChatTemplate {
    try Self.chatTemplate(of: file.vocabulary, tokenizer, path: file.path)
  }

  /// Whether a text is plain though the model has a chat template that is known: no turn of the
  /// template begins in it.
  public func takesChatInstead(of text: [UInt8]) -> Bool {
    guard let template = try? chatTemplate() else { return false }
    return text.firstRange(of: Array(template.nextOpening.utf8)) == nil
  }

  private static func chatTemplate(
    of tables: VocabularyTables, _ tokenizer: Tokenizer, path: String
  ) throws -> ChatTemplate {
    guard let template = tables.chatTemplate else {
      throw PromptError.noChatTemplate(model: path)
    }
    func name(_ id: Int?) -> String {
      String(
        decoding: tokenizer.decode(id.map { [$0] } ?? [], skippingSpecials: false), as: UTF8.self)
    }
    return try ChatTemplate(
      recognizing: template, beginOfText: name(tokenizer.beginOfText),
      endOfText: name(tokenizer.endOfText))
  }

  /// A model's tokenizer; what is wrong with its tables is wrong with the file.
  private static func tokenizer(of tables: VocabularyTables) throws -> Tokenizer {
    do {
      return try Tokenizer(Vocabulary(tables))
    } catch .inconsistentVocabulary(let problem) {
      throw MalformedFile(path: tables.path, section: "tokenizer", problem: problem)
    }
  }

  /// The name that the model calls itself, or else its file's or folder's.
  public var name: String { file.name }

  /// The longest context in tokens.
  public var contextLength: Int { file.architecture.contextLength }
}

extension Vocabulary {
  init(_ tables: VocabularyTables) {
    self.init(
      model: tables.model, preTokenizer: tables.preTokenizer, tokens: tables.tokens,
      types: tables.types, merges: tables.merges, beginOfText: tables.beginOfText,
      endOfText: tables.endOfText, addsBeginOfText: tables.addsBeginOfText,
      chatTemplate: tables.chatTemplate)
    scores = tables.scores
    unknown = tables.unknown
    fusesUnknown = tables.fusesUnknown
    traits = tables.traits.mapValues { Traits(rawValue: $0) }
  }
}
