import CacheCodec
import Workflows

/// The text of a snapshot, for people or for scripts.
struct ShownText {
  private let result: Show.Result

  private struct Report: Encodable {
    let tokens: Int
    let turns: [Transcript.Turn]
  }

  /// - Throws: As `Show.run`.
  init(snapshot: String, _ companions: Companions, model: String?) throws {
    result = try Show.run(snapshot: snapshot, with: companions, model: model)
  }

  func write(asJSON: Bool) throws {
    if result.lacksTemplate {
      Terminal.advise("the model has no known chat template, so the text is printed without turns")
    }
    let turns = result.transcript.turns
    if asJSON { return try Terminal.json(Report(tokens: result.tokens, turns: turns)) }
    guard result.isConversation, !result.lacksTemplate else {
      return Terminal.line(Terminal.shown(turns.map(\.text).joined()))
    }
    let parts = turns.map { "[\($0.role.rawValue)]\n\(Terminal.shown($0.text))\n" }
    Terminal.write(parts.joined(separator: "\n"))
  }
}
