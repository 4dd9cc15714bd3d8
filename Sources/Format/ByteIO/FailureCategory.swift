/// What kind of failure an error is, whatever the module that reports it.
///
/// The command line has an exit code for each.
public enum FailureCategory: Sendable {
  /// The request cannot be met as it was made; another one can.
  case usage
  /// The bytes of a file break a rule of their format.
  case malformed
  /// An input is missing, or is no file.
  case noInput
  /// Reading or writing failed.
  case io
  /// A key of an encrypted file is missing or wrong.
  case key
  /// A file belongs to another model or filter bank.
  case identity
  /// Anything else: a limit, an unsupported model, damaged numbers.
  case other

  /// The exit code that a program ends with (sysexits).
  package var exitCode: Int32 {
    switch self {
    case .usage: 64
    case .malformed: 65
    case .noInput: 66
    case .io: 74
    case .key: 77
    case .identity: 78
    case .other: 1
    }
  }
}

/// An error that knows its category.
public protocol CategorisedError: Error, CustomStringConvertible {
  /// The kind of failure.
  var category: FailureCategory { get }
}
