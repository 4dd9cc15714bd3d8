import ByteIO
import Subprocess
import SystemPackage

/// A program that reads files of the format, called as conformance.md in the specification says:
/// `READER --digests [--compression N] [--key-file KEY]… FILE`.
struct ReaderCommand: Sendable {
  /// The result of one call.
  enum Outcome: Sendable {
    /// Exit code 0, and the lines `<SHA-256>  <name>` of its output.
    case tensors([String: String])
    /// Exit code 64: the file is valid, but does not hold what was asked for.
    case notStored
    /// Exit code 65, 66, 77 or 78.
    case rejected(exitCode: Int)
    /// Anything else, in words.
    case failed(String)
  }

  /// The result of one call, and its standard error.
  struct Answer: Sendable {
    let outcome: Outcome
    var message = ""
  }

  /// The program and the arguments that come before ours.
  let words: [String]

  private static let timeLimit = Duration.seconds(60)
  private static let outputLimit = 1 << 26

  /// Calls the reader on a file and waits for it, a minute at most.
  func read(_ path: String, compression: Int?, keys: [String]) async -> Answer {
    let options =
      (compression.map { ["--compression", "\($0)"] } ?? [])
      + keys.flatMap { ["--key-file", $0] }
    let arguments = Array(words.dropFirst()) + ["--digests"] + options + [path]
    return await withTaskGroup { group in
      group.addTask { await run(arguments) }
      group.addTask {
        try? await Task.sleep(for: Self.timeLimit)
        return Answer(outcome: .failed("no answer within a minute"))
      }
      let first = await group.next() ?? Answer(outcome: .failed("no answer"))
      group.cancelAll()
      return first
    }
  }

  private func run(_ arguments: [String]) async -> Answer {
    let program = words[0]
    let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
    do {
      let result = try await Subprocess.run(
        executable, arguments: Arguments(arguments), output: .string(limit: Self.outputLimit),
        error: .string(limit: Self.outputLimit))
      let outcome: Outcome =
        switch result.terminationStatus {
        case .exited(0): .tensors(Self.tensors(result.standardOutput))
        case .exited(64): .notStored
        case .exited(let code) where [65, 66, 77, 78].contains(code): .rejected(exitCode: Int(code))
        case .exited(let code): .failed("exit code \(code)")
        case .signaled(let number): .failed("an end by signal \(number)")
        }
      return Answer(outcome: outcome, message: result.standardError)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      let isThere = Folder.hasFile(program)
      return Answer(outcome: .failed(isThere ? "it is not executable" : "no such program"))
    } catch {
      return Answer(outcome: .failed("a start that failed"), message: "\(error)")
    }
  }

  /// The digests by name. A line of another form has its own text as its name, so that it counts.
  private static func tensors(_ output: String) -> [String: String] {
    var tensors: [String: String] = [:]
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      let (digest, name) = words.count == 2 ? (words[0], words[1]) : ("", line)
      tensors[String(name)] = String(digest)
    }
    return tensors
  }
}
