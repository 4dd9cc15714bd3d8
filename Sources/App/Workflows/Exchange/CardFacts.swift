import ModelFiles

/// What a model card says and a filter bank does not know.
package struct CardFacts: Sendable, Equatable {
  /// The model's repository on the hub, as in "owner/name".
  package var baseModel: String?
  /// The licence, as the hub writes it: "apache-2.0".
  package var license: String?
  /// The calibration text in words, or its repository on the hub.
  package var corpus: String?
  /// The repository that the filters are uploaded to, as in "owner/name".
  package var repository: String?

  /// Takes what is given.
  package init(
    baseModel: String? = nil, license: String? = nil, corpus: String? = nil,
    repository: String? = nil
  ) {
    (self.baseModel, self.license) = (baseModel, license)
    (self.corpus, self.repository) = (corpus, repository)
  }

  /// The same, with others in the place of what is missing.
  func completed(by other: CardFacts) -> CardFacts {
    CardFacts(
      baseModel: baseModel ?? other.baseModel, license: license ?? other.license,
      corpus: corpus ?? other.corpus, repository: repository ?? other.repository)
  }

  /// What a model's files say.
  init(_ origin: ModelOrigin) {
    self.init(baseModel: origin.repository, license: origin.license)
  }

  /// Whether a text has the form of a repository's name on the hub.
  package static func isRepository(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*/) != nil
  }
}
