import Foundation
import TestSupport
import Testing

@Suite("A run that is ended in the middle of its work leaves nothing", .realModel)
struct InterruptionTests {
  private let folder: ScratchFolder
  private let inputs: ScratchFolder
  private let document = Demo.essay("love")
  private let filters: String

  init() throws {
    (folder, inputs) = (try ScratchFolder(), try ScratchFolder())
    filters = try inputs.filters(of: Demo.model, corpus: document)
  }

  @Test("by Ctrl-C, a request to terminate, a closed terminal, and a kill without warning")
  func namelessFile() throws {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGKILL] { try interrupt(number) }
  }

  @Test("also where the file system has no nameless files, and the temporary file has a name")
  func namedFile() throws {
    let faults = try FaultLibrary.shared.get()
    let environment = faults.environment(folder: folder.path(""), hasNamelessFiles: false)
    for number in [SIGINT, SIGTERM, SIGHUP] { try interrupt(number, environment: environment) }
  }

  @Test("a signal in the first moments is neither lost nor waited for without end")
  func early() throws {
    var random = SeededGenerator(seed: 4)
    for number in [SIGINT, SIGTERM, SIGHUP].flatMap({ Array(repeating: $0, count: 12) }) {
      let process = try start()
      try process.run()
      while try process.isRunning && !isCommand(process.processIdentifier) { usleep(200) }
      usleep(UInt32.random(in: 0...50_000, using: &random))
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      #expect(process.terminationStatus == number)
      #expect(process.terminationReason == .uncaughtSignal)
      #expect(folder.contents.isEmpty)
    }
  }

  /// A prefill that has not begun. A test runner may ignore signals, and its children inherit that:
  /// `env` undoes it.
  private func start(_ environment: [String: String] = [:]) throws -> Process {
    try Command.start(
      "/usr/bin/env",
      arguments: ["--default-signal=INT,TERM,HUP"] + environment.map { "\($0)=\($1)" } + [
        Command.binary, "prefill", "--model", Demo.model, "--filters", filters,
        "--prompt-file", document, "--out", folder.path("no.kvsnap"),
      ])
  }

  /// Sends the signal once the prefill has its output file open, which it does seconds before it is
  /// done.
  private func interrupt(_ number: Int32, environment: [String: String] = [:]) throws {
    let process = try start(environment)
    try process.run()
    while !holdsOutput(process.processIdentifier) {
      try #require(process.isRunning)
      usleep(5_000)
    }
    #expect(folder.contents.isEmpty == environment.isEmpty)
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(process.terminationStatus == number)
    #expect(folder.contents == [])
  }

  /// Whether the process has become the command: it begins as `env`.
  private func isCommand(_ process: pid_t) throws -> Bool {
    let file = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe")
    return file.hasSuffix("/qfilters")
  }

  private func holdsOutput(_ process: pid_t) -> Bool {
    let descriptors = "/proc/\(process)/fd/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
    return names.contains { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + name)
      return target?.hasPrefix(folder.path("x").dropLast()) == true
    }
  }
}
