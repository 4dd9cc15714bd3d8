import Foundation
import TestSupport
import Testing

@Suite("A file that changes or fails while it is read")
struct ReadFaultTests {
  private let tiny: TinyFiles
  private let faults: FaultLibrary
  private let folder: ScratchFolder

  init() throws {
    tiny = try TinyFiles.shared.get()
    faults = try FaultLibrary.shared.get()
    folder = try ScratchFolder()
  }

  /// A command that reads a copy of a file, which is alone in the folder.
  struct Reading: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let original: @Sendable (TinyFiles) -> String
    let arguments: @Sendable (TinyFiles, _ copy: String) -> [String]

    /// Next to the copy.
    private static func output(_ copy: String, _ ending: String) -> String {
      copy.dropLast("copy".count) + "a." + ending
    }

    static let snapshots = [
      Reading(
        testDescription: "resume", original: { $0.snapshot },
        arguments: { ["resume", $1, "--model", $0.model, "--prompt", "x", "--compression", "32"] }),
      Reading(
        testDescription: "verify", original: { $0.snapshot }, arguments: { ["verify", $1] }),
      Reading(
        testDescription: "recompress", original: { $0.snapshot },
        arguments: { $0.recompress($1, out: output($1, "kvsnap")) }),
      Reading(
        testDescription: "export", original: { $0.snapshot },
        arguments: { $0.export($1, out: output($1, "safetensors")) }),
    ]

    static let models = [
      Reading(
        testDescription: "generate", original: { $0.model },
        arguments: { ["generate", "--model", $1, "--prompt", "x"] }),
      Reading(
        testDescription: "evaluate", original: { $0.model },
        arguments: {
          ["evaluate", "perplexity", "--model", $1, "--file", $0.text, "--tokens", "40"]
        }),
      Reading(
        testDescription: "resume", original: { $0.model },
        arguments: {
          ["resume", $0.snapshot, "--model", $1, "--prompt", "x", "--compression", "32"]
        }),
    ]
  }

  @Test(
    "an error at any system call: 74; a signal or a short read: nothing is noticed",
    .exhaustive,
    arguments: Reading.snapshots + Reading.models)
  func everyCall(_ reading: Reading) throws {
    let (calls, whole) = try record(reading)
    for (index, name) in calls.enumerated() {
      let failed = try run(reading, Fault(call: index, name: name, kind: .error(EIO)))
      expectSentence(failed, 74, "input/output error")
      var harmless: [Fault.Kind] = name == "pread64" ? [.short] : []
      if name != "fstat" && name != "mmap" { harmless.append(.error(EINTR)) }
      for kind in harmless {
        let fault = Fault(call: index, name: name, kind: kind)
        let result = try run(reading, fault)
        #expect(result.status == 0 && result.output == whole, "\(fault): \(result.error)")
      }
    }
  }

  @Test(
    "a snapshot cut short between two reads: 65, naming the part, or what was needed is read",
    arguments: Reading.snapshots)
  func cutSnapshot(_ reading: Reading) throws {
    let (calls, whole) = try record(reading)
    var refused = 0
    for (index, name) in calls.enumerated() {
      let result = try run(reading, Fault(call: index, name: name, kind: .cut))
      if result.status == 0 && result.output == whole { continue }
      refused += 1
      #expect(folder.contents == ["copy"])
      #expect(result.signal == nil && result.status == 65, "\(result.error)")
      #expect(result.error.contains(folder.path("copy")), "\(result.error)")
    }
    #expect(refused > calls.count / 2)
  }

  @Test(
    "a model cut short when it is mapped: 74, one sentence that names the file",
    arguments: Reading.models)
  func cutModel(_ reading: Reading) throws {
    let (calls, _) = try record(reading)
    let map = try #require(calls.firstIndex(of: "mmap"))
    let result = try run(reading, Fault(call: map, name: "mmap", kind: .cut))
    expectSentence(result, 74, "\(folder.path("copy")): it was cut short while it was in use")
  }

  /// It failed with one sentence, and wrote nothing.
  private func expectSentence(_ result: Command.Result, _ status: Int32, _ part: String) {
    #expect(folder.contents == ["copy"])
    #expect(result.signal == nil && result.status == status, "\(result.error)")
    #expect(result.error.contains(part), "\(result.error)")
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
  }

  private func record(_ reading: Reading) throws -> (calls: [String], output: Data) {
    let scratch = try ScratchFolder()
    let result = try run(reading, nil, record: scratch.path("calls"))
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: try bytes(of: scratch.path("calls")), as: UTF8.self)
    return (lines.split(separator: "\n").map(String.init), result.output)
  }

  private func run(
    _ reading: Reading, _ fault: Fault?, record: String? = nil
  ) throws -> Command.Result {
    for name in folder.contents { try FileManager.default.removeItem(atPath: folder.path(name)) }
    let copy = try folder.write("copy", try bytes(of: reading.original(tiny)))
    return try Command.run(
      reading.arguments(tiny, copy),
      environment: faults.environment(folder: folder.path("copy"), record: record, fault: fault))
  }
}
