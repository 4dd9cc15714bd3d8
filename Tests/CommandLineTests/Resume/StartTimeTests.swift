import Foundation
import TestSupport
import Testing

/// How long somebody waits for the first of a result is part of it.
@Suite struct StartTimeTests {
  private struct Report: Decodable { let startSeconds: Double }

  private func seconds(_ arguments: [String]) throws -> (reported: Double, measured: Double) {
    let start = ContinuousClock.now
    let result = try Command.run(arguments)
    let taken = ContinuousClock.now - start
    try #require(result.status == 0, "\(result.error)")
    let measured = Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
    return (try result.json(as: Report.self).startSeconds, measured)
  }

  @Test func aReportSaysItAndItIsNoMoreThanTheWholeRunTook() throws {
    let model = Fixtures.path("models/tiny-llama-f32.gguf")
    for (reported, measured) in [
      try seconds(["generate", "--model", model, "--prompt", "hi", "--max-tokens", "4", "--json"]),
      try seconds(["inspect", Fixtures.path("conformance/valid/bf16.kvsnap"), "--json"]),
      try seconds(["verify", Fixtures.path("conformance/valid/bf16.kvsnap"), "--json"]),
    ] {
      // The system counts a process's start in hundredths.
      #expect(reported > 0 && reported < measured + 0.02)
    }
  }
}
