import CacheFormat

/// The digests that tie a file to a model: whole in JSON, shortened for people.
struct IdentityReport: Encodable, CustomStringConvertible {
  struct File: Encodable {
    let role, digest: String
  }

  /// Nil in a snapshot without an identity by values.
  let weights, architecture, rope, tokenizer: String?
  /// The model's files, in a snapshot that names them.
  let files: [File]?
  /// Whether somebody vouched for the model of some pairs; nil but in a snapshot.
  let trusted: Bool?
  /// The filter bank's digest, if the file has one.
  let filters: String?

  init(_ identity: Identity, filters: Digest?) {
    self.init(identity, files: nil, trusted: nil, filters: filters)
  }

  init(_ identity: SnapshotIdentity, filters: Digest?) {
    self.init(
      identity.values, files: identity.files, trusted: identity.isTrusted, filters: filters)
  }

  private init(_ values: Identity?, files: FileIdentity?, trusted: Bool?, filters: Digest?) {
    weights = values?.weights.description
    architecture = values?.architecture.description
    rope = values?.rope.description
    tokenizer = values?.tokenizer.description
    self.files = files?.entries.map {
      File(role: Self.name($0.role), digest: $0.digest.description)
    }
    self.trusted = trusted
    self.filters = filters?.description
  }

  private static func name(_ role: FileIdentity.Role) -> String {
    switch role {
    case .weights: "weights"
    case .config: "config.json"
    case .tokenizer: "tokenizer.json"
    case .tokenizerConfig: "tokenizer_config.json"
    default: "role \(role.rawValue)"
    }
  }

  var description: String {
    let values = [
      ("weights", weights), ("architecture", architecture), ("rope", rope),
      ("tokenizer", tokenizer),
    ].compactMap { name, digest in digest.map { (name, Format.shortened($0)) } }
    let named = (files ?? []).map { ("file " + $0.role, Format.shortened($0.digest)) }
    let trust = trusted == true ? [("trust", "somebody vouched for it: nothing proved it")] : []
    return Format.list(
      "identity",
      values + named + trust + (filters.map { [("filters", Format.shortened($0))] } ?? []))
  }
}
