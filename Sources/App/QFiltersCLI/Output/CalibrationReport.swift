import Reports
import Workflows

extension ReportOptions {
  private struct Calibration: Encodable {
    let tokens: Int
    let resumedTokens: Int
    let seconds: Double
    let bytes: UInt64
  }

  /// Prints what a calibration wrote.
  ///
  /// - Parameter what: In words, such as "Q-Filters".
  func show(_ result: Precompute.Result, out: String, what: String) throws {
    if json {
      return try Terminal.json(
        Calibration(
          tokens: result.tokens, resumedTokens: result.resumedTokens, seconds: result.seconds,
          bytes: result.bytes))
    }
    let resumed =
      result.resumedTokens > 0 ? ", \(result.resumedTokens) of them by an earlier run" : ""
    Terminal.line(
      "\(out): \(what) from \(result.tokens) tokens\(resumed) in "
        + "\(Format.seconds(result.seconds)), \(Format.bytes(result.bytes))")
  }
}
