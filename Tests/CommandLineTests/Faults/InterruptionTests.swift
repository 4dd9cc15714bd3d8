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

  /// Sends the signal once the prefill has its output file open, which it does seconds before it is
  /// done. A test runner may ignore signals, and its children inherit that: `env` undoes it.
  private func interrupt(_ number: Int32, environment: [String: String] = [:]) throws {
    let process = try Command.start(
      "/usr/bin/env",
      arguments: ["--default-signal=INT,TERM,HUP"] + environment.map { "\($0)=\($1)" } + [
        Command.binary, "prefill", "--model", Demo.model, "--filters", filters,
        "--prompt-file", document, "--out", folder.path("no.kvsnap"),
      ])
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

  private func holdsOutput(_ process: pid_t) -> Bool {
    let descriptors = "/proc/\(process)/fd/"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
    return names.contains { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + name)
      return target?.hasPrefix(folder.path("x").dropLast()) == true
    }
  }
}
