import Foundation
import TestSupport

/// What several end-to-end tests share: a filter bank by the authors' recipe and a snapshot of a
/// document with it, both made once by the built command.
struct Documents: Sendable {
  let folder: ScratchFolder
  let filters: String
  let document: String
  let snapshot: String

  static let shared = Result { try Documents() }

  private init() throws {
    folder = try ScratchFolder()
    filters = folder.path("smollm2.qfilt")
    snapshot = folder.path("document.kvsnap")
    let essays = try Demo.essays().enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    try Self.check(
      Command.run(["precompute", "--model", Demo.model, "--out", filters, "--corpus"] + essays))
    let text = try bytes(of: Demo.essay("love"))
    document = try folder.write("document.txt", text)
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

struct CommandFailed: Error {
  let message: String
}
