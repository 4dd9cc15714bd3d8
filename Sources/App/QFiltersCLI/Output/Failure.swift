import ArgumentParser
import ByteIO
import CacheCodec
import CacheFormat
import Conformance
import Evaluation
import Inference
import ModelFiles
import QFilters
import Reports
import Tokenization
import Workflows

/// Which exit code an error means (sysexits).
enum Failure {
  /// Nil if the error is the argument parser's own.
  static func exitCode(_ error: any Error) -> ExitCode? {
    switch error {
    case is MalformedFile: ExitCode(65)
    case let error as SystemError: ExitCode(error.isMissingInput ? 66 : 74)
    case is Zoo.NoModels, is ParentMissing, is NoModelInFolder: ExitCode(66)
    case let error as OtherResults: ExitCode(error.isOfOtherModel ? 78 : 1)
    case is IdentityMismatch: ExitCode(78)
    case let error as PromptError: exitCode(error)
    case is CompressionNotStored, is PrecisionNotStored, is QueriesNotStored, is RankingsDiffer,
      is RatiosDiffer, is SaveRefusal, is ReplacementRefusal, is ModelNeeded:
      ExitCode(64)
    case is NotQuantisable, is UnsupportedModel, is TokenizationError, is CalibrationError,
      is EngineError, is MergeRefusal, is PartialResult, is ScoreNotFinite, is FolderInUse,
      is TooManyResults,
      is ConformanceRun.ReaderCannotRun,
      is ReportCommand.NothingMeasured:
      ExitCode(1)
    default: nil
    }
  }

  private static func exitCode(_ error: PromptError) -> ExitCode {
    switch error {
    case .notUTF8, .notText, .utf16: ExitCode(65)
    case .empty, .blank, .noFile, .noChatTemplate, .noChatTemplateToResume: ExitCode(64)
    case .tooLarge, .tooLong, .contextFull, .sequenceTooLong, .tooShort, .needleTooLong: ExitCode(1)
    }
  }
}
