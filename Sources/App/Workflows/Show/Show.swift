package import ByteIO
package import CacheCodec
import CacheFormat
import ModelFiles
import Tokenization

/// The text of a snapshot's tokens.
package enum Show {
  /// A context as text.
  package struct Result: Sendable {
    /// The number of tokens of the whole context.
    package let tokens: Int
    /// Whether the context is a conversation.
    package let isConversation: Bool
    /// Its text.
    package let transcript: Transcript
    /// Whether turns are missing, because the model's chat template is missing or unknown.
    package let lacksTemplate: Bool
  }

  /// Reads a context's text. Only the model's tokenizer and the snapshot's metadata are read. The
  /// metadata hold the tokens of the parents, too.
  ///
  /// - Parameters:
  ///   - model: A model's file or folder; nil is rejected after the snapshot is known to be valid.
  ///   - companions: Files in other folders that it needs.
  /// - Throws: `ModelNeeded`, `IdentityMismatch` if the tokenizer is another one,
  ///   `IdentityNotProven`, `MalformedFile`,
  ///   `SystemError`, `TokenizationError`, `UnsupportedModel`.
  package static func run(snapshot: String, with companions: Companions, model: String?) throws
    -> Result
  {
    let chain = try chain(snapshot, companions)
    let metadata = chain.metadata
    guard let model else { throw ModelNeeded(path: snapshot, metadata) }
    let (tokenizer, template) = try LoadedModel.loadChat(path: model)
    try check(metadata.identity, tokenizer, model: model, path: snapshot)
    guard metadata.tokens.allSatisfy({ $0 < tokenizer.vocabularySize }) else {
      throw MalformedFile(
        path: snapshot, section: "TOKN", problem: "a token id is not in the model's vocabulary")
    }
    let isConversation = metadata.context.promptForm.isConversation
    return Result(
      tokens: metadata.tokens.count, isConversation: isConversation,
      transcript: Transcript(chain, tokenizer, template),
      lacksTemplate: isConversation && template == nil)
  }

  /// Rejects another model's tokenizer. A snapshot without digests of values is proven by the
  /// model's files.
  private static func check(
    _ identity: SnapshotIdentity, _ tokenizer: Tokenizer, model: String, path: String
  ) throws {
    if let values = identity.values {
      guard values.tokenizer == Identity.tokenizer(tokenizer) else {
        throw IdentityMismatch(path: path, differing: [.tokenizer])
      }
      return
    }
    let files = FileIdentity(of: try ModelFile(path: model), cache: IdentityCache())
    guard files == identity.files else { throw IdentityNotProven(path: path, other: model) }
  }

  /// The snapshot with its parents, or alone if they are missing or have other keys: it has all
  /// tokens.
  private static func chain(_ path: String, _ companions: Companions) throws -> SnapshotChain {
    do {
      return try SnapshotChain(path: path, with: companions)
    } catch let error where error is ParentMissing || error is KeyProblem {
      return SnapshotChain(alone: try SnapshotReader(path: path, keys: companions.keys))
    }
  }
}

/// A snapshot's text was asked for without the model whose tokens it holds.
package struct ModelNeeded: CategorisedError, Sendable {
  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is missing.
  package let description: String
  /// The model's name, if the snapshot has it.
  package let model: String?

  init(path: String, _ metadata: SnapshotMetadata) {
    model = FileOrigin.model(metadata.provenance)
    description =
      "\(path) holds \(metadata.tokens.count) token ids, which only its model's tokenizer turns "
      + "into text"
  }
}
