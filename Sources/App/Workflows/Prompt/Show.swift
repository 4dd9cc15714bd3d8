import CacheCodec
import ByteIO
import CacheFormat
import Tokenization

/// What a snapshot's tokens say.
public enum Show {
  /// What is shown.
  public struct Result: Sendable {
    /// Tokens of the whole context.
    public let tokens: Int
    /// Whether the context is a conversation.
    public let isConversation: Bool
    /// Its text.
    public let transcript: Transcript
    /// Whether turns are missing, since the model has no chat template that is known.
    public let lacksTemplate: Bool
  }

  /// Reads a context's text. Only the model's tokenizer and the snapshot's metadata are read; they
  /// hold the tokens of all that the snapshot continues.
  ///
  /// - Parameters:
  ///   - model: A model's file or folder; nil is refused once the snapshot is known to be sound.
  ///   - parents: Snapshots that it continues and that are elsewhere.
  /// - Throws: `ModelNeeded`, `IdentityMismatch` if the tokenizer is another one, `MalformedFile`,
  ///   `SystemError`, `TokenizationError`, `UnsupportedModel`.
  public static func run(snapshot: String, parents: [String], model: String?) throws -> Result {
    let chain = try chain(snapshot, parents)
    let metadata = chain.metadata
    guard let model else { throw ModelNeeded(path: snapshot, metadata) }
    let (tokenizer, template) = try LoadedModel.loadChat(path: model)
    guard metadata.identity.tokenizer == Identity.tokenizer(tokenizer) else {
      throw IdentityMismatch(path: snapshot, differing: [.tokenizer])
    }
    guard metadata.tokens.allSatisfy({ $0 < tokenizer.vocabularySize }) else {
      throw MalformedFile(
        path: snapshot, section: "TOKN", problem: "a token id is not in the model's vocabulary")
    }
    let isConversation = metadata.context.promptForm != .plain
    return Result(
      tokens: metadata.tokens.count, isConversation: isConversation,
      transcript: Transcript(chain, tokenizer, template),
      lacksTemplate: isConversation && template == nil)
  }

  /// With its parents, where they are; without, it still has all tokens.
  private static func chain(_ path: String, _ parents: [String]) throws -> SnapshotChain {
    do {
      return try SnapshotChain(path: path, parents: parents)
    } catch is ParentMissing {
      return SnapshotChain(alone: try SnapshotReader(path: path))
    }
  }
}

/// A snapshot's text was asked for without the model whose tokens it holds.
public struct ModelNeeded: Error, CustomStringConvertible, Sendable {
  /// One sentence that says what is missing.
  public let description: String
  /// The model's name, if the snapshot has it.
  public let model: String?

  init(path: String, _ metadata: SnapshotMetadata) {
    model = FileOrigin.model(metadata.provenance)
    description =
      "\(path) holds \(metadata.tokens.count) token ids, which only its model's tokenizer turns into "
      + "text"
  }
}
