import Foundation
import TestSupport
import Testing

@Suite("Three readers do with every conformance fixture what the format says")
struct ConformanceTests {
  private struct Summary: Decodable {
    struct Group: Decodable {
      let name: String
      let checks, passed: Int
      let named: Int?
    }
    struct Failure: Decodable { let file, problem: String }
    let groups: [Group]
    let failures: [Failure]
  }

  enum Reader: CaseIterable {
    case program, python, c

    /// What comes before `--digests`; nothing for this program's own reader.
    func command() throws -> [String] {
      switch self {
      case .program: return []
      case .python: return [Command.python, ConformanceTests.path("reader.py")]
      case .c:
        let built = try Command.shell("'\(ConformanceTests.path("../scripts/reader-c"))'")
        try #require(built.status == 0, "\(built.error)")
        return [String(decoding: built.output.dropLast(), as: UTF8.self)]
      }
    }
  }

  /// A file of the specification's folder.
  private static func path(_ name: String) -> String { Fixtures.path("../spec/\(name)") }

  private static let fixtures = Fixtures.path("conformance")

  @Test("this program, spec/reader.py and spec/reader.c", .exhaustive, arguments: Reader.allCases)
  func readers(_ reader: Reader) throws {
    let command = try reader.command()
    let result = try Command.run(["conformance", Self.fixtures, "--json", "--"] + command)
    let summary: Summary = try result.json()
    #expect(summary.failures.map { "\($0.file): \($0.problem)" } == [])
    #expect(result.status == 0)
    for group in summary.groups {
      #expect(group.checks > 0 && group.passed == group.checks, "\(group.name)")
      #expect(group.named == nil || group.named == group.checks, "\(group.name)")
    }
    #expect(summary.groups.reduce(0) { $0 + $1.checks } > 200)
  }

  @Test("a reader that cannot run: one sentence at once, with what it says itself")
  func noReader() throws {
    let folder = try ScratchFolder()
    let text = try folder.write("text", "not a program\n".utf8)
    for (reader, reason) in [
      (["no-such-reader"], "no such program"), (["/no/such/reader"], "no such program"),
      ([text], "it is not executable"),
      (["sh", "-c", "echo 'cannot find a library' >&2; exit 127"], "127: cannot find a library"),
      (["sh", "-c", "kill -SEGV $$"], "an end by signal 11"),
      (["python3", "/no/such.py"], "can't open file"),
    ] {
      let result = try Command.run(["conformance", Self.fixtures, "--"] + reader)
      #expect(result.status == 1)
      #expect(result.error.contains("does not run: "), "\(result.error)")
      #expect(result.error.contains(reason), "\(result.error)")
      #expect(result.error.split(separator: "\n").count == 1)
      #expect(result.output.isEmpty)
    }
  }

  @Test("what a reader says on standard error is shown with what it gets wrong")
  func messages() throws {
    let reader = [
      "sh", "-c", #"case "$2" in *.qfilt) echo first >&2; echo sorry >&2; exit 3; esac"#, "sh",
    ]
    let result = try Command.run(["conformance", Self.fixtures, "--"] + reader)
    #expect(result.status == 1)
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(text.contains("all that is stored: exit code 3\n    first\n    sorry\n"), "\(text)")
  }

  @Test("a reader that accepts everything, one that rejects everything")
  func badReaders() throws {
    let echo = #"echo "$1 $2" >&2; exit 65"#
    for reader in [["true"], ["sh", "-c", "exit 65"], ["sh", "-c", echo, "sh"]] {
      let result = try Command.run(["conformance", Self.fixtures, "--json", "--"] + reader)
      let summary: Summary = try result.json()
      #expect(result.status == 1)
      let refusesAll = reader[0] == "sh"
      for group in summary.groups {
        // Rejections with other exit codes than 65 are in groups of chains.
        let isRight = refusesAll && group.name.hasPrefix("invalid")
        #expect(group.passed == (isRight ? group.checks : 0), "\(group.name)")
        #expect(group.named == (isRight ? 0 : nil), "\(group.name)")
      }
    }
  }

  @Test("a damaged fixture is not taken for the reader's fault", .exhaustive)
  func damagedFixture() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(atPath: Self.fixtures, toPath: folder.path("fixtures"))
    try Data([1]).write(to: URL(filePath: folder.path("fixtures/valid/f16.kvsnap")))
    let result = try Command.run("conformance", folder.path("fixtures"), "--json")
    let summary: Summary = try result.json()
    #expect(result.status == 1)
    #expect(Set(summary.failures.map(\.file)) == ["valid/f16.kvsnap"])
    #expect(summary.failures.allSatisfy { $0.problem.contains("fixture itself is damaged") })
  }

  @Test("nor is a damaged parent of a fixture")
  func damagedParent() throws {
    let folder = try ScratchFolder()
    try FileManager.default.copyItem(atPath: Self.fixtures, toPath: folder.path("fixtures"))
    let root = "fixtures/valid/chain-open-turn.kvsnap"
    try Data([1]).write(to: URL(filePath: folder.path(root)))
    let result = try Command.run("conformance", folder.path("fixtures"), "--json")
    let summary: Summary = try result.json()
    #expect(
      Set(summary.failures.map(\.file)) == [
        "valid/chain-open-turn.kvsnap", "valid/chain-open-answer.kvsnap",
        "valid/chain-second-answer.kvsnap",
      ])
    #expect(summary.failures.allSatisfy { $0.problem.contains("fixture itself is damaged") })
  }

  @Test("a folder without fixtures, and a manifest that is none")
  func noManifest() throws {
    let folder = try ScratchFolder()
    let missing = try Command.run("conformance", folder.path(""))
    #expect(missing.status == 66)
    #expect(missing.error.contains("valid.json"))
    for text in ["", "{}", #"{"format": 2, "fixtures": []}"#] {
      _ = try folder.write("valid.json", text.utf8)
      let result = try Command.run("conformance", folder.path(""))
      #expect(result.status == 65)
      #expect(result.error.contains("manifest"))
    }
  }

  @Test("the fixtures are what their script makes, byte for byte")
  func regeneration() throws {
    let script = Fixtures.path("generate/conformance.py")
    let result = try Command.shell("'\(Command.python)' '\(script)' --check")
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self)) \(result.error)")
  }

  @Test("a real snapshot of over 4,096 tokens: three readers decode the same tensors", .realModel)
  func realSnapshot() throws {
    struct Inspected: Decodable { let tokens: Int }
    let snapshot = try Documents.shared.get().snapshot
    let inspected: Inspected = try Command.run("inspect", snapshot, "--json").json()
    #expect(inspected.tokens > 4_096)
    for arguments in [[], ["--compression", "8"], ["--compression", "3"]] {
      let ours = try Command.run(["verify", "--digests", snapshot] + arguments)
      // 30 layers × 3 heads × 3 tensors, and the token ids.
      #expect(ours.status == 0 && ours.output.split(separator: 10).count == 271, "\(ours.error)")
      for reader in [Reader.python, .c] {
        let command = try reader.command() + ["--digests"] + arguments + [snapshot]
        let theirs = try Command.shell(command.joined(separator: " "))
        #expect(theirs.status == 0 && ours.output == theirs.output, "\(reader): \(theirs.error)")
      }
    }
  }

  @Test(
    "the specification's reader rejects a file with any byte changed, or cut at any length",
    .exhaustive)
  func damage() throws {
    let script = Self.path("test_reader.py")
    let files = [
      "one-tier.kvsnap", "chain-no-new-pair.kvsnap", "statistics.qstat", "filters.qfilt",
      "pairs-one.qstat", "linear-score-one.qfilt",
    ].map {
      "'\(Self.fixtures)/valid/\($0)'"
    }
    let result = try Command.shell(
      "'\(Command.python)' '\(script)' \(files.joined(separator: " "))")
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self)) \(result.error)")
  }

  @Test(
    "the specification's program for identities gives its check vectors, and survives damage",
    .exhaustive,
    arguments: ["test_identity.py", "test_identity_damage.py", "test_identity_rules.py"])
  func identityProgram(_ name: String) throws {
    let script = Self.path(name)
    let result = try Command.shell("'\(Command.python)' '\(script)'")
    #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self)) \(result.error)")
  }

  @Test("the specification's table of attacks names every fixture that must be rejected")
  func attackTable() throws {
    let page = try String(contentsOf: URL(filePath: Self.path("format.md")), encoding: .utf8)
    let table = try #require(page.components(separatedBy: "## 9.").last)
    let patterns = table.matches(of: /`([a-z0-9*-]+)`/).map { String($0.output.1) }
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.fixtures + "/invalid")
    #expect(names.count >= 60)
    for name in names {
      let stem = name.prefix { $0 != "." }
      let isNamed = patterns.contains { unsafe fnmatch($0, String(stem), 0) == 0 }
      #expect(isNamed, "\(name)")
    }
  }
}
