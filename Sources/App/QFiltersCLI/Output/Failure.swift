import ArgumentParser
import ByteIO

/// Which exit code an error means (sysexits).
enum Failure {
  /// A filter bank is not as good as was asked for. The system's numbers (sysexits) end with 78.
  static let belowQuality: Int32 = 79

  /// Nil if the error is none of this project's: the argument parser's own.
  static func exitCode(_ error: any Error) -> ExitCode? {
    guard let error = error as? any CategorisedError else { return nil }
    return ExitCode(error.category.exitCode)
  }
}
