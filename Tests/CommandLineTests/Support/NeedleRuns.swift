import Evaluation
import Foundation
import TestSupport
import Testing

/// Runs of `evaluate needle` on a tiny model and a small haystack.
struct NeedleRuns {
  let scratch: ScratchFolder
  let tiny: TinyFiles
  let haystack: String

  init() throws {
    (scratch, tiny) = (try ScratchFolder(), try TinyFiles.shared.get())
    haystack = scratch.path("haystack")
    try FileManager.default.createDirectory(atPath: haystack, withIntermediateDirectories: true)
    let lines = (0..<60).map { "A line of text to be kept, number \($0). " }
    try Data(lines.joined().utf8).write(to: URL(filePath: haystack + "/text.txt"))
  }

  func needle(_ out: String?, _ options: String...) -> [String] {
    [
      "evaluate", "needle", "--model", tiny.model, "--filters", tiny.filters, "--haystack",
      haystack, "--lengths", "120,200", "--depths", "3", "--compressions", "2,4", "--needle",
      "kept", "--question", "what", "--answer", "kept", "--json",
    ] + (out.map { ["--out", scratch.path($0)] } ?? []) + options
  }

  func cells(_ arguments: [String]) throws -> [Needle.Cell] {
    let result = try Command.run(arguments)
    #expect(result.status == 0, "\(result.error)")
    return try result.json(as: Results<Needle.Cell>.self).cells
  }

  /// Replaces a text in a file.
  func change(_ name: String, _ old: String, to new: String) throws {
    let path = scratch.path(name)
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    #expect(text.contains(old))
    try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
  }
}
