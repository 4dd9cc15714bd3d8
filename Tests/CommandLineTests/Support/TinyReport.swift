import Foundation
import TestSupport

/// A report on a tiny model, with every kind of evaluation in it.
struct TinyReport {
  static let shared = Result { try TinyReport() }

  let folder: ScratchFolder
  let out: String

  init() throws {
    (folder, out) = try { ($0, $0.path("out")) }(ScratchFolder())
    let tiny = try TinyFiles.shared.get()
    let haystack = folder.path("haystack")
    try FileManager.default.createDirectory(atPath: haystack, withIntermediateDirectories: true)
    let lines = (0..<400).map { "A line of text to be kept, number \($0 * $0 % 97). " }
    try Data(lines.joined().utf8).write(to: URL(filePath: haystack + "/text.txt"))
    let model = ["--model", tiny.model, "--filters", tiny.filters, "--out", out]
    try Self.run(["evaluate", "report", "--haystack", haystack] + model)
    for task in ["multi-key", "variable-tracking"] {
      try Self.run(
        [
          "evaluate", "needle", "--haystack", haystack, "--task", task, "--lengths", "260,300",
          "--depths", "2", "--compressions", "2,4",
        ] + model)
    }
    try Self.run(
      [
        "evaluate", "needle", "--haystack", haystack, "--lengths", "200,300", "--depths", "3",
        "--compressions", "2,4", "--needle", "<&\"\u{1B}>", "--question", "what?", "--answer",
        "kept",
      ] + model)
  }

  private static func run(_ arguments: [String]) throws {
    let result = try Command.run(arguments)
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
  }

  func text(_ name: String) throws -> String {
    String(decoding: try bytes(of: out + "/" + name), as: UTF8.self)
  }
}
