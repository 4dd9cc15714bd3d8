/// A file on a server cannot be read.
public struct RemoteFileError: CategorisedError, Sendable {
  /// Why a file cannot be read.
  enum Kind: Equatable, Sendable {
    /// The server answers with a status of failure.
    case status(Int)
    /// The bytes are those of another version of the file.
    case changed
    /// The answer breaks a rule.
    case answer(String)
    /// No whole answer came, which libcurl's text explains.
    case transfer(String)
    /// There is no libcurl.
    case library(String)
  }

  /// The file's address, without what may be secret in it.
  public let address: String
  let kind: Kind

  /// Whether the server has no such file.
  public var isMissing: Bool { kind == .status(404) || kind == .status(410) }

  /// Whether another attempt may succeed.
  var isPassing: Bool {
    switch kind {
    case .status(let status): [408, 425, 429].contains(status) || 500..<600 ~= status
    case .transfer: true
    case .changed, .answer, .library: false
    }
  }

  /// A missing input is told from every other failure.
  public var category: FailureCategory {
    if case .library = kind { return .other }
    return isMissing ? .noInput : .io
  }

  /// What failed, at which address, and why.
  public var description: String {
    switch kind {
    case .status(let status) where isMissing:
      "cannot open \(address): the server has no such file (\(status))"
    case .status(let status) where status == 401 || status == 403:
      "cannot read \(address): the server does not allow it (\(status))"
        + (Address(address)?.hasQuery == true ? "; a signed address may have expired" : "")
    case .status(let status): "cannot read \(address): the server answers with status \(status)"
    case .changed: "\(address) changed on the server while it was read; read it again"
    case .answer(let problem): "cannot read \(address): \(problem)"
    case .transfer(let text):
      "cannot read \(address): " + (text.isEmpty ? "the transfer was cut short" : text)
    case .library(let problem): "cannot read \(address): \(problem)"
    }
  }
}
