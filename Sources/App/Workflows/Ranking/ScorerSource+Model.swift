import QFilters

extension ScorerSource {
  /// Checks that filters fit the model.
  ///
  /// - Throws: `IdentityMismatch` if the filters are another model's; `MalformedFile` if they name
  ///   this model and yet do not fit it.
  func check(_ model: LoadedModel) throws {
    guard let (bank, path) = bank else { return }
    try bank.check(model, path: path)
    try checkLinearScore()
  }
}
