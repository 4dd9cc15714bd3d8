import Reports
import Workflows

extension GenerationResult {
  /// Says on standard error that an answer was cut, and by what; nothing of one that the model
  /// ended.
  func adviseIfCut(_ model: LoadedModel) {
    let reason: String
    switch stop {
    case .end: return
    case .length: reason = " (--max-tokens)"
    case .context: reason = ": the model's context of \(model.contextLength) tokens is full"
    case .interrupted: reason = ": interrupted"
    }
    Terminal.advise("stopped after \(Format.count(ids.count, "token"))\(reason)")
  }
}
