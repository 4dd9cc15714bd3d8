public import ByteIO

/// Q-Filters cannot be computed.
public enum CalibrationError: CategorisedError, Sendable {
  /// No query vector was seen.
  case noQueries
  /// A query vector was infinite or not a number.
  case notFinite(layer: Int)
  /// Queries are too long for a filter bank.
  case headFiltersTooGreat
  /// LAPACK found no eigenvector.
  case noEigenvector
  /// LAPACK found no linear score.
  case noSolution
  /// libopenblas cannot be used; the sentence says why.
  case openBLASMissing(problem: String)

  /// No other category fits.
  public var category: FailureCategory { .other }

  /// One sentence that says what is wrong.
  public var description: String {
    switch self {
    case .noQueries: "the corpus gave no queries; choose a longer one"
    case .notFinite(let layer):
      "queries of layer \(layer) are not finite; the weights may be damaged"
    case .headFiltersTooGreat: "the filters of query heads exceed 2⁶⁴ or are not finite"
    case .noEigenvector: "the eigensolver found no direction in the queries"
    case .noSolution: "the pairs give no linear score; choose a longer corpus"
    case .openBLASMissing(let problem): problem
    }
  }
}
