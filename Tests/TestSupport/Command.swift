public import Foundation

/// Runs the built command.
public struct Command {
  /// The results of a run.
  public struct Result {
    /// The exit code.
    public let status: Int32
    /// Standard output.
    public let output: Data
    /// Standard error.
    public let error: String
    /// The signal that ended it, if one did.
    public let signal: Int32?

    /// Standard output as JSON.
    public func json<T: Decodable>(as type: T.Type = T.self) throws -> T {
      try JSONDecoder().decode(T.self, from: output)
    }
  }

  /// The program: `QFILTERS_BINARY`, or the one that was built with the tests.
  public static let binary =
    ProcessInfo.processInfo.environment["QFILTERS_BINARY"]
    ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "qfilters").path

  /// A Python interpreter with the packages of `spec/requirements.txt`, from `scripts/python`.
  public static let python = ProcessInfo.processInfo.environment["QFILTERS_PYTHON"] ?? "python3"

  /// Runs the command to its end.
  public static func run(_ arguments: String...) throws -> Result { try run(arguments) }

  /// Runs the command to its end.
  public static func run(_ arguments: [String], environment: [String: String?] = [:]) throws
    -> Result
  {
    try run(binary, arguments, environment: environment)
  }

  /// Runs a shell script in which `$qfilters` is the command.
  public static func shell(_ script: String) throws -> Result {
    try run("/bin/bash", ["-c", script], environment: ["qfilters": binary])
  }

  private static func run(
    _ path: String, _ arguments: [String], environment: [String: String?]
  ) throws -> Result {
    let process = try start(path, arguments: arguments, environment: environment)
    // Messages go to a file: a second pipe could fill while the first is read.
    let scratch = try ScratchFolder()
    let messages = try scratch.write("error", [])
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: messages)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: data,
      error: String(decoding: try bytes(of: messages), as: UTF8.self),
      signal: process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil)
  }

  /// A process that is ready to run.
  public static func start(
    _ path: String = binary, arguments: [String], environment: [String: String?] = [:]
  ) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    var merged = ProcessInfo.processInfo.environment
    for (key, value) in environment { merged[key] = value }
    process.environment = merged
    return process
  }
}
