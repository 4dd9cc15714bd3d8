import Foundation
import TestSupport

/// A tiny model's files, made once by the built command: they take milliseconds to make and to use.
struct TinyFiles: Sendable {
  let model = Fixtures.path("models/tiny-llama-f32.gguf")
  /// A text of 160 tokens and another one of the same length.
  let text, otherText: String
  let filters: String
  let snapshot: String
  /// The snapshot in int8, its cache, and a turn that continues it.
  let recompressed, exported, child: String

  static let shared = Result { try TinyFiles() }

  private init() throws {
    let folder = try Demo.sharedFolder() + "/tiny"
    // Files of an earlier run: a snapshot with a child would not be replaced.
    try? FileManager.default.removeItem(atPath: folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    text = folder + "/text.txt"
    otherText = folder + "/other.txt"
    try Self.write("A line of text to be kept.\n", to: text)
    try Self.write("All this there is a lot of\n", to: otherText)
    filters = folder + "/tiny.qfilt"
    snapshot = folder + "/tiny.kvsnap"
    recompressed = folder + "/tiny-int8.kvsnap"
    exported = folder + "/tiny.safetensors"
    child = folder + "/tiny-child.kvsnap"
    for arguments in [
      precompute(out: filters), prefill(out: snapshot), recompress(out: recompressed),
      export(out: exported), save(out: child),
    ] {
      let result = try Command.run(arguments)
      guard result.status == 0 else { throw CommandFailed(message: result.error) }
    }
  }

  private static func write(_ line: String, to path: String) throws {
    try Data(String(repeating: line, count: 8).utf8).write(to: URL(filePath: path))
  }

  func precompute(out: String) -> [String] {
    [
      "precompute", "--model", model, "--corpus", text, "--sequences", "2", "--length", "40",
      "--out", out,
    ]
  }

  func prefill(_ text: String? = nil, out: String) -> [String] {
    [
      "prefill", "--model", model, "--filters", filters, "--prompt-file", text ?? self.text,
      "--compression", "32", "--out", out,
    ]
  }

  func recompress(_ snapshot: String? = nil, out: String) -> [String] {
    ["recompress", snapshot ?? self.snapshot, "--precision", "int8", "--out", out]
  }

  func save(_ snapshot: String? = nil, out: String) -> [String] {
    [
      "resume", snapshot ?? self.snapshot, "--model", model, "--prompt", " and more of it",
      "--compression", "32", "--max-tokens", "4", "--filters", filters, "--save", out,
    ]
  }

  func export(_ snapshot: String? = nil, out: String) -> [String] {
    ["export", snapshot ?? self.snapshot, out, "--compression", "32"]
  }
}
