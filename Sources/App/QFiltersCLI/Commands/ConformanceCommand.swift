import ArgumentParser
import Conformance
import Reports
import Workflows

struct ConformanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance", abstract: "Check any reader of the format against the fixtures.",
    discussion: """
      The reader is called as READER --digests [--compression N] [--key-file KEY] FILE. It must \
      print the SHA-256 of each tensor of a valid file, and reject every other with the exit \
      code that the specification gives (spec/conformance.md). Where it fails, its standard \
      error is shown. \
      Example: qfilters conformance fixtures/conformance -- python3 spec/reader.py
      """)

  @Argument(help: "Folder with the fixtures, valid.json and invalid.json.", completion: .directory)
  var folder: String
  @Argument(
    parsing: .postTerminator,
    help: "Program and first arguments of the reader, after --. Default: this program.")
  var reader: [String] = []
  @OptionGroup var report: ReportOptions

  func run() async throws {
    let reader = reader.isEmpty ? ["/proc/self/exe", "verify"] : reader
    let run = try ConformanceRun(folder: folder, reader: reader)
    let (count, bar) = (run.count, ProgressBar())
    let checks = try await run.run { bar.show("check", $0, count) }
    let summary = ConformanceSummary(reader: reader, checks: checks)
    if report.json { try Terminal.json(summary) } else { Terminal.line("\(summary)") }
    if !summary.failures.isEmpty { throw ExitCode.failure }
  }
}

/// What a reader got right, by group.
private struct ConformanceSummary: Encodable, CustomStringConvertible {
  struct Group: Encodable {
    let name: String
    var checks = 0
    var passed = 0
    /// Rejections that name the section; absent for files that must be read.
    var named: Int?
  }

  struct Failure: Encodable {
    let file: String
    let problem: String
    /// What the reader said on standard error; absent if it said nothing.
    let message: String?

    init?(_ check: ConformanceRun.Check) {
      guard let problem = check.problem else { return nil }
      (file, self.problem) = (check.file, problem)
      message = check.message.isEmpty ? nil : ConformanceRun.ending(of: check.message, lines: 20)
    }

    /// The problem, and the end of what the reader said.
    var lines: [String] {
      let words = ConformanceRun.ending(of: message ?? "", lines: 3).split(separator: "\n")
      return ["\(file): \(Format.printable(problem))"]
        + words.map { "    " + Format.printable(String($0)) }
    }
  }

  let reader: [String]
  var groups: [Group] = []
  let failures: [Failure]

  init(reader: [String], checks: [ConformanceRun.Check]) {
    self.reader = reader
    failures = checks.compactMap(Failure.init)
    for check in checks {
      let index = groups.firstIndex { $0.name == check.group } ?? groups.count
      if index == groups.count { groups.append(Group(name: check.group)) }
      groups[index].checks += 1
      groups[index].passed += check.problem == nil ? 1 : 0
      if let isNamed = check.isNamed {
        groups[index].named = (groups[index].named ?? 0) + (isNamed ? 1 : 0)
      }
    }
  }

  var description: String {
    let width = max(20, groups.map(\.name.count).max() ?? 0)
    func row(_ cells: [String]) -> String {
      Format.padded(cells[0], to: width)
        + cells.dropFirst().map { Format.padded($0, to: -16) }.joined()
    }
    let lines = groups.map { group in
      row([group.name, "\(group.checks)", "\(group.passed)", group.named.map { "\($0)" } ?? ""])
    }
    let problems = failures.flatMap(\.lines)
    let total = groups.reduce(0) { $0 + $1.checks }
    return
      ([row(["", "checks", "passed", "section named"])] + lines + problems + [
        "\(total - failures.count) of \(total) checks passed: \(reader.joined(separator: " "))"
      ]).joined(separator: "\n")
  }
}
