import ByteIO
package import CacheFormat
package import Inference
package import ModelFiles
import Synchronization
package import Tokenization

/// A model ready for work: weights, tokenizer and identity.
package final class LoadedModel {
  /// The model's file or folder.
  package let file: ModelFile
  /// Runs the model.
  package let engine: Engine
  /// The model's tokenizer.
  package let tokenizer: Tokenizer
  /// The digests that tie files to this model. They are computed at first use, which reads all
  /// weights unless their digest is remembered.
  package private(set) lazy var identity = Identity(
    of: engine, tokenizer, cache: remembersIdentity ? IdentityCache() : nil)
  /// The digests of the model's files; nil if the format cannot name them. They are computed at
  /// first use, which reads all files unless their digests are remembered.
  package private(set) lazy var fileIdentity = FileIdentity(
    of: file, cache: remembersIdentity ? IdentityCache() : nil)
  /// What ties new snapshots to this model.
  package var snapshotIdentity: SnapshotIdentity {
    SnapshotIdentity(values: identity, files: fileIdentity)
  }
  private let remembersIdentity: Bool
  private let weights: Weights

  /// Where the weights are while the model runs.
  package enum Weights: Sendable {
    /// In the mapped file, which may be greater than memory.
    case mapped
    /// In memory before anything runs, for work that reads them for many tokens.
    case inMemory
    /// In the mapped file until idle cores have copied them into memory, so that the first token
    /// comes early. See `copyWeightsWhenIdle()`.
    case inMemoryLater
  }

  /// What proves that a snapshot is this model's.
  ///
  /// - Parameter trusts: Whether the user vouches for it where nothing proves it.
  /// - Throws: `IdentityMismatch` if it is another model's; `IdentityNotProven`.
  func proof(
    of snapshot: SnapshotIdentity, path: String, trusts: Bool
  ) throws -> SnapshotIdentity.Proof {
    let proof = try snapshot.proof(
      files: { fileIdentity }, values: { identity }, path: path)
    guard let proof = proof ?? (trusts ? .trust : nil) else {
      throw IdentityNotProven(path: path, other: file.path)
    }
    return proof
  }

  /// What ties a child of a snapshot to this model.
  func identity(
    ofChildOf parent: SnapshotIdentity, _ proof: SnapshotIdentity.Proof
  ) -> SnapshotIdentity {
    // The model's files are the parent's, and so are its values: weights need not be read.
    let values = proof == .files ? parent.values : nil
    return SnapshotIdentity(
      values: values ?? identity, files: fileIdentity,
      isTrusted: parent.isTrusted || proof == .trust)
  }

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - weights: Where the weights are to be.
  ///   - remembersIdentity: Whether the weights' digest is read from the user's cache folder, or
  ///     written there. Otherwise it is computed each time.
  ///   - isExact: As `Engine` has it.
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`,
  ///   `EngineError`.
  package init(
    path: String, weights: Weights = .mapped, remembersIdentity: Bool = true, isExact: Bool = false
  ) throws {
    (self.weights, self.remembersIdentity) = (weights, remembersIdentity)
    let file = try ModelFile(path: path)
    let engine = try Engine(file, isExact: isExact)
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

  /// Has idle cores copy the weights into memory from now on, if `Weights.inMemoryLater` was asked
  /// for.
  func copyWeightsWhenIdle() {
    guard weights == .inMemoryLater else { return }
    let files = file.files
    Parallel.whenIdle { files.contains { $0.copyNextPiece() } }
  }

  /// Opens only a model's tokenizer.
  ///
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`, `TokenizationError`.
  package static func loadTokenizer(path: String) throws -> Tokenizer {
    try tokenizer(of: Vocabulary(path: path))
  }

  /// Opens only a model's tokenizer and its chat template; the template is nil if it is missing or
  /// unknown.
  ///
  /// - Throws: As `loadTokenizer`.
  static func loadChat(path: String) throws -> (Tokenizer, ChatTemplate?) {
    let vocabulary = try Vocabulary(path: path)
    let tokenizer = try tokenizer(of: vocabulary)
    return (tokenizer, try? chatTemplate(of: vocabulary, tokenizer, path: path))
  }

  /// The model's chat template.
  ///
  /// - Throws: `TokenizationError` if it is unknown, or writes a mark that is not a token of the
  ///   model; `PromptError` if there is none.
  package func chatTemplate() throws -> ChatTemplate {
    try Self.chatTemplate(of: file.vocabulary, tokenizer, path: file.path)
  }

  /// Whether the model has a known chat template, but no turn of that template begins in a text.
  package func takesChatInstead(of text: [UInt8]) -> Bool {
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

  /// A model's tokenizer.
  ///
  /// - Throws: `MalformedFile` if the tables contradict each other.
  private static func tokenizer(of vocabulary: Vocabulary) throws -> Tokenizer {
    do {
      return try Tokenizer(vocabulary)
    } catch .inconsistentVocabulary(let problem) {
      throw MalformedFile(path: vocabulary.path, section: "tokenizer", problem: problem)
    }
  }

  /// The model's own name, or else its file's or folder's name.
  package var name: String { file.name }

  /// The longest context in tokens.
  package var contextLength: Int { file.architecture.contextLength }
}
