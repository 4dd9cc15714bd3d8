import ByteIO
import HTTPTypes
import Inference
import Workflows

/// Which error a client sees for an error of the libraries.
struct Failures: Sendable {
  let redaction: Redaction

  init(_ redaction: Redaction) { self.redaction = redaction }

  /// The error with its status, and without paths of this machine.
  func error(_ error: any Error) -> ServeError {
    switch error {
    case let error as ServeError: return error
    case let error as StoreRefusal: return shown(error, status(error))
    case let error as PromptError: return shown(error, .badRequest, code: code(error))
    case ConversationError.tooLong:
      return shown(error, .badRequest, code: Self.contextLength)
    case EngineError.outOfMemory: return shown(error, .serviceUnavailable)
    case let error as any CategorisedError: return shown(error, status(error.category))
    default:
      return ServeError(status: .internalServerError, message: "the server failed; see its log")
    }
  }

  private static let contextLength = "context_length_exceeded"

  private func shown(
    _ error: any Error, _ status: HTTPResponse.Status, code: String? = nil
  ) -> ServeError {
    ServeError(status: status, message: redaction.shown("\(error)"), code: code)
  }

  private func code(_ error: PromptError) -> String? {
    switch error {
    case .tooLong, .contextFull: Self.contextLength
    default: nil
    }
  }

  private func status(_ error: StoreRefusal) -> HTTPResponse.Status {
    switch error {
    case .name, .continuesAnother: .badRequest
    case .noContext: .notFound
    case .beyondLimit: .contentTooLarge
    default: .conflict
    }
  }

  private func status(_ category: FailureCategory) -> HTTPResponse.Status {
    switch category {
    case .usage, .identity: .badRequest
    case .noInput: .notFound
    case .malformed, .io, .key, .other: .internalServerError
    }
  }
}
