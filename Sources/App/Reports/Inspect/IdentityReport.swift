import CacheFormat

/// The digests that tie a file to a model: whole in JSON, shortened for people.
struct IdentityReport: Encodable, CustomStringConvertible {
  let weights, architecture, rope, tokenizer: String
  /// The filter bank's digest, if the file has one.
  let filters: String?

  init(_ identity: Identity, filters: Digest?) {
    weights = identity.weights.description
    architecture = identity.architecture.description
    rope = identity.rope.description
    tokenizer = identity.tokenizer.description
    self.filters = filters?.description
  }

  var description: String {
    let parts = [
      ("weights", weights), ("architecture", architecture), ("rope", rope),
      ("tokenizer", tokenizer),
    ]
    return Format.list(
      "identity",
      (parts + (filters.map { [("filters", $0)] } ?? [])).map { ($0, Format.shortened($1)) })
  }
}
