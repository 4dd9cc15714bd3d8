import ArgumentParser
import Workflows

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check every byte of snapshots and filter banks.",
    discussion: "All files are checked; the exit code is that of the first that fails.")

  @Argument(help: "Files to check.") var files: [String]
  @OptionGroup var report: ReportOptions

  private struct Report: Encodable {
    let file: String
    let sound: Bool
    let problem: String?
  }

  func run() throws {
    var reports: [Report] = []
    var firstFailure: (any Error)?
    for file in files {
      do {
        try Verify.run(path: file)
        reports.append(Report(file: file, sound: true, problem: nil))
        if !report.json { Terminal.line("\(file): sound") }
      } catch {
        firstFailure = firstFailure ?? error
        reports.append(Report(file: file, sound: false, problem: "\(error)"))
        if !report.json { Terminal.error("qfilters: \(error)") }
      }
    }
    if report.json { try Terminal.json(["files": reports]) }
    if let firstFailure { throw Failure.exitCode(firstFailure) ?? ExitCode.failure }
  }
}
