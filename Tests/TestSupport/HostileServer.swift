import Foundation

/// A server of a folder's files on this machine: `scripts/remote/hostile_server.py`.
public final class HostileServer: @unchecked Sendable {
  /// Holds the files that it serves.
  public let folder: ScratchFolder
  private let process: Process
  private let port: String
  private let logs: ScratchFolder

  /// Starts a server of an empty folder.
  public init() throws {
    (folder, logs) = (try ScratchFolder(), try ScratchFolder())
    let script = Fixtures.folder.deletingLastPathComponent()
      .appending(path: "scripts/remote/hostile_server.py").path
    process = try Command.start(
      "/usr/bin/env", arguments: ["python3", script, folder.path(""), logs.path("requests")])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    port = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      .trimmingCharacters(in: .newlines)
  }

  deinit {
    // A test runner may ignore other signals, and its children inherit that.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// The address of a file that is served in one of the server's ways.
  public func address(_ behaviour: String, _ name: String) -> String {
    "http://127.0.0.1:\(port)/\(behaviour)/\(name)"
  }

  /// The ranges that were asked for so far in one of the server's ways, in order.
  public func ranges(_ behaviour: String) -> [String] {
    let text = (try? String(contentsOfFile: logs.path("requests"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { $0.hasPrefix(behaviour + " ") }.map {
      String($0.dropFirst(behaviour.count + 1))
    }
  }
}
