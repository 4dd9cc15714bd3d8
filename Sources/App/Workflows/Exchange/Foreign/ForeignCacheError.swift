package import ByteIO
import Inference

/// Another engine's file cannot be imported, or a snapshot cannot be exported to one.
package struct ForeignCacheError: CategorisedError, Sendable {
  /// What is wrong.
  enum Problem: Sendable {
    /// The file's format is not known; its kind is, perhaps.
    case unknownFormat(String?)
    /// It needs what is not supported.
    case unsupported(String, supported: String)
    /// Layers with a window hold only the last tokens' pairs.
    case windowed(layer: Int, held: Int, tokens: Int)
    /// Layers, heads, or lengths of keys or values are not the model's.
    case otherShape(found: String, model: String)
    /// It names another architecture.
    case otherArchitecture(found: String, model: String)
    /// A token id is not one of the model's.
    case otherVocabulary(token: Int, size: Int)
    /// The file has no token ids, and none were given.
    case tokensNeeded
    /// The file has token ids, and others were given.
    case tokensKnown
    /// Another number of token ids than of tokens.
    case otherCount(ids: Int, tokens: Int)
    /// RoPE of longer sequences is another.
    case beyondRoPE(tokens: Int, longest: Int)
    /// The model computes other numbers.
    case otherNumbers(ImportCheck.Difference)
    /// The snapshot lacks pairs, and the format has no place for that.
    case notWhole
  }

  /// The file.
  let path: String
  let problem: Problem

  /// By what is wrong.
  package var category: FailureCategory {
    switch problem {
    case .unknownFormat: .malformed
    case .unsupported, .windowed, .beyondRoPE: .other
    case .otherShape, .otherArchitecture, .otherVocabulary, .otherNumbers: .identity
    case .tokensNeeded, .tokensKnown, .otherCount, .notWhole: .usage
    }
  }

  /// Whether the caller must say which tokens the file holds.
  package var needsTokens: Bool {
    if case .tokensNeeded = problem { true } else { false }
  }

  /// One sentence that says what is wrong.
  package var description: String {
    switch problem {
    case .unknownFormat(let kind):
      "\(path) is \(kind ?? "of an unknown format"), not a state file of llama.cpp and not a "
        + "safetensors file"
    case .unsupported(let what, let supported):
      "\(path): \(what) is not supported; supported: \(supported)"
    case .windowed(let layer, let held, let tokens):
      "\(path): layer \(layer), which has a window, holds the pairs of only \(held) of \(tokens) "
        + "tokens, and a snapshot needs all"
    case .otherShape(let found, let model):
      "\(path) is the cache of another model: it has \(found), where this model has \(model)"
    case .otherArchitecture(let found, let model):
      "\(path) is the cache of another model: a \(found), where this model is a \(model)"
    case .otherVocabulary(let token, let size):
      "\(path): token \(token) is not one of this model's \(size)"
    case .tokensNeeded: "\(path) does not say which tokens it holds"
    case .tokensKnown: "\(path) says itself which tokens it holds"
    case .otherCount(let ids, let tokens):
      "\(path) holds the pairs of \(tokens) tokens, but there are \(ids) token ids"
    case .beyondRoPE(let tokens, let longest):
      "\(path) has \(tokens) tokens; RoPE of this model changes beyond \(longest), "
        + "and engines disagree on it"
    case .otherNumbers(let difference):
      "\(path) is not what this model computes: \(difference); the model or the tokens are others"
    case .notWhole: "\(path) does not hold all pairs of all tokens, which that format needs"
    }
  }
}
