import Reports
import Workflows

extension GenerationResult {
  /// Prints on standard error why an answer was cut. Prints nothing if the model or a stop text
  /// ended it.
  func adviseIfCut(_ model: LoadedModel) {
    let reason: String
    switch stop {
    case .end: return
    case .length: reason = " (--max-tokens)"
    case .context: reason = ": the model's context of \(model.contextLength) tokens is full"
    case .string: return
    case .interrupted: reason = ": interrupted"
    }
    Terminal.advise("stopped after \(Format.count(ids.count, "token"))\(reason)")
  }
}
