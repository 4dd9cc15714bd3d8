import CacheFormat

/// The digests that tie a file to a model: whole in JSON, shortened for people.
struct IdentityReport: Encodable, CustomStringConvertible {
  /// Nil in a snapshot without an identity by values.
  let weights, architecture, rope, tokenizer: String?
  /// The filter bank's digest, if the file has one.
  let filters: String?

  init(_ identity: Identity?, filters: Digest?) {
    weights = identity?.weights.description
    architecture = identity?.architecture.description
    rope = identity?.rope.description
    tokenizer = identity?.tokenizer.description
    self.filters = filters?.description
  }

  var description: String { text(with: []) }

  /// The digests with those of the model's files.
  func text(with files: [ModelFileReport]) -> String {
    let values = [
      ("weights", weights), ("architecture", architecture), ("rope", rope),
      ("tokenizer", tokenizer), ("filters", filters),
    ].compactMap { name, digest in digest.map { (name, Format.shortened($0)) } }
    return Format.list(
      "identity", values + files.map { ("file: \($0.role)", Format.shortened($0.digest)) })
  }
}

/// A file of a snapshot's model.
struct ModelFileReport: Encodable {
  let role, digest: String

  init(_ entry: FileIdentity.Entry) {
    role =
      switch entry.role {
      case .weights: "weights"
      case .config: "config.json"
      case .tokenizer: "tokenizer.json"
      case .tokenizerConfig: "tokenizer_config.json"
      default: "role \(entry.role.rawValue)"
      }
    digest = entry.digest.description
  }
}
