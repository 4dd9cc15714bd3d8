import ByteIO
public import CacheFormat
public import Inference
public import ModelFiles
import Synchronization
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
  /// weights once where they are not remembered.
  public private(set) lazy var identity = Identity(
    of: engine, tokenizer, cache: remembersIdentity ? IdentityCache() : nil)
  private let remembersIdentity: Bool
  private let weights: Weights

  /// Where the weights are while the model runs.
  public enum Weights: Sendable {
    /// In the mapped file, which may be greater than memory.
    case mapped
    /// In memory before anything runs: for work that reads them for many tokens.
    case inMemory
    /// In the mapped file, until the other cores have copied them into memory between the engine's steps: for
    /// work of which somebody waits for the first token. See `copyWeightsWhenIdle()`.
    case inMemoryLater
  }

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - weights: Where they are to be.
  ///   - remembersIdentity: Takes the weights' digest from the user's cache folder, or writes it there;
  ///     otherwise it is computed anew.
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`,
  ///   `EngineError`.
  public init(path: String, weights: Weights = .mapped, remembersIdentity: Bool = true) throws {
    (self.weights, self.remembersIdentity) = (weights, remembersIdentity)
    let file = try ModelFile(path: path)
    let engine = try Engine(file)
    (self.file, self.engine) = (file, engine)
    guard weights == .inMemory else {
      tokenizer = try Self.tokenizer(of: file.vocabulary)
      return
    }
    let built = Mutex(Result<Tokenizer, any Error>.failure(CancellationError()))
    Parallel.both {
      let result = Result { try Self.tokenizer(of: file.vocabulary) }
      built.withLock { $0 = result }
    } _: {
      file.copyIntoMemory()
    }
    tokenizer = try built.withLock { try $0.get() }
  }

  /// Has the weights copied into memory from now on, if that was wanted.
  func copyWeightsWhenIdle() {
    guard weights == .inMemoryLater else { return }
    let files = file.files
    Parallel.whenIdle { files.contains { $0.copyNextPiece() } }
  }

  /// Opens only a model's tokenizer.
  ///
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`.
  public static func loadTokenizer(path: String) throws -> Tokenizer {
    try tokenizer(of: Vocabulary(path: path))
  }

  /// Opens only a model's tokenizer and its chat template; nil for the latter if there is none that
  /// is known.
  ///
  /// - Throws: As `loadTokenizer`.
  static func loadChat(path: String) throws -> (Tokenizer, ChatTemplate?) {
    let vocabulary = try Vocabulary(path: path)
    let tokenizer = try tokenizer(of: vocabulary)
    return (tokenizer, try? chatTemplate(of: vocabulary, tokenizer, path: path))
  }

  /// The model's chat template.
  ///
  /// - Throws: `TokenizationError` if it is not one that is known, or writes a mark that is no token of the
  ///   model; `PromptError` if there is none.
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
    of vocabulary: Vocabulary, _ tokenizer: Tokenizer, path: String
  ) throws -> ChatTemplate {
    guard let template = vocabulary.chatTemplate else {
      throw PromptError.noChatTemplate(model: path)
    }
    func name(_ id: Int?) -> String {
      String(
        decoding: tokenizer.decode(id.map { [$0] } ?? [], skippingSpecials: false), as: UTF8.self)
    }
    let recognized = try ChatTemplate(
      recognizing: template, beginOfText: name(tokenizer.beginOfText),
      endOfText: name(tokenizer.endOfText))
    if let mark = recognized.misspelledMark(by: tokenizer) {
      throw TokenizationError.missingMark(name: mark)
    }
    return recognized
  }

  /// A model's tokenizer; what is wrong with its vocabulary is wrong with the file.
  private static func tokenizer(of vocabulary: Vocabulary) throws -> Tokenizer {
    do {
      return try Tokenizer(vocabulary)
    } catch .inconsistentVocabulary(let problem) {
      throw MalformedFile(path: vocabulary.path, section: "tokenizer", problem: problem)
    }
  }

  /// The name that the model calls itself, or else its file's or folder's.
  public var name: String { file.name }

  /// The longest context in tokens.
  public var contextLength: Int { file.architecture.contextLength }
}
