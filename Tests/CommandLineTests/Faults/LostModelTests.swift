import Foundation
import TestSupport
import Testing

/// Commands that read the weights where they are mapped. The others have them in memory.
@Suite("A model that is cut short while it runs: 74, one sentence, and nothing left", .realModel)
struct LostModelTests {
  private let inputs: ScratchFolder
  private let outputs: ScratchFolder
  private let model: String
  private let document = Demo.essay("love")

  init() throws {
    (inputs, outputs) = (try ScratchFolder(), try ScratchFolder())
    model = inputs.path("model.gguf")
    try FileManager.default.copyItem(atPath: Demo.model, toPath: model)
  }

  @Test("precompute") func precompute() throws {
    try lose([
      "precompute", "--model", model, "--corpus", document, "--sequences",
      "1", "--out", outputs.path("no.qfilt"),
    ])
  }

  /// Cuts the model once it is mapped.
  private func lose(_ arguments: [String]) throws {
    let process = try Command.start(arguments: arguments)
    let messages = try inputs.write("messages", [])
    process.standardError = FileHandle(forWritingAtPath: messages)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let maps = URL(filePath: "/proc/\(process.processIdentifier)/maps")
    while (try? String(contentsOf: maps, encoding: .utf8))?.contains(model) != true {
      try #require(process.isRunning)
      usleep(5_000)
    }
    try setLength(of: model, to: 4096)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 74)
    let message = String(decoding: try bytes(of: messages), as: UTF8.self)
    #expect(
      message
        == "qfilters: cannot read \(model): it was cut short while it was in use, or its disk "
        + "failed; restore it and run again\n")
    #expect(outputs.contents == [])
  }
}
