import ArgumentParser
import ByteIO

/// Which exit code an error means (sysexits).
enum Failure {
  /// A filter bank is not as good as was asked for. The system's numbers (sysexits) end with 78.
  static let belowQuality: Int32 = 79

  /// Nil if the error is none of this project's: the argument parser's own.
  static func exitCode(_ error: any Error) -> ExitCode? {
    guard let error = error as? any CategorisedError else { return nil }
    return switch error.category {
    case .usage: ExitCode(64)
    case .malformed: ExitCode(65)
    case .noInput: ExitCode(66)
    case .io: ExitCode(74)
    case .key: ExitCode(77)
    case .identity: ExitCode(78)
    case .other: .failure
    }
  }
}
