import Foundation
import TestSupport

/// What several end-to-end tests share: a filter bank by the authors' recipe and a snapshot of a
/// document with it, both made once by the built command.
struct Documents: Sendable {
  let filters: String
  let document: String
  let snapshot: String

  static let shared = Result { try Documents() }

  private init() throws {
    let folder = try Demo.sharedFolder()
    filters = folder + "/smollm2.qfilt"
    snapshot = folder + "/document.kvsnap"
    // The partial file of a run that was ended would be continued.
    try? FileManager.default.removeItem(atPath: filters + ".partial")
    let essays = try Demo.essays().enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    try Self.check(
      Command.run(
        ["precompute", "--no-budgets", "--model", Demo.model, "--out", filters, "--corpus"]
          + essays))
    document = Demo.essay("love")
    try Self.check(
      Command.run([
        "prefill", "--model", Demo.model, "--filters", filters, "--prompt-file", document, "--out",
        snapshot,
      ]))
  }

  private static func check(_ result: Command.Result) throws {
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
  }
}

extension ScratchFolder {
  /// Computes a tiny model's filters from a text of at least 80 tokens, and returns their path.
  func filters(of model: String, corpus: String, learnsBudgets: Bool = false) throws -> String {
    let bank = path("tiny.qfilt")
    let made = try Command.run(
      [
        "precompute", "--model", model, "--corpus", corpus, "--sequences", "2", "--length", "40",
        "--out", bank,
      ] + (learnsBudgets ? [] : ["--no-budgets"]))
    guard made.status == 0 else { throw CommandFailed(message: made.error) }
    return bank
  }
}

struct CommandFailed: Error {
  let message: String
}
