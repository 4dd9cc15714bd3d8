import Foundation
import TestSupport
import Testing

@Suite("Commands that read a snapshot read what it continues")
struct ChainCommandTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func fixture(_ name: String) -> String {
    Fixtures.path("conformance/valid/\(name).kvsnap")
  }

  private func digests(_ arguments: String...) throws -> Data {
    let result = try Command.run(["verify", "--digests"] + arguments)
    try #require(result.status == 0, "\(result.error)")
    return result.output
  }

  private func recompress(_ snapshot: String, _ arguments: String...) throws -> String {
    let out = scratch.path("\(UUID().uuidString).kvsnap")
    let result = try Command.run(["recompress", snapshot, "--out", out] + arguments)
    try #require(result.status == 0, "\(result.error)")
    return out
  }

  private struct Inspected: Decodable {
    struct Parent: Decodable {
      let fileName, digest: String
      let firstPosition: Int
    }
    let digest: String
    let parent: Parent?
    let tokens, ownTokens: Int
  }

  private func inspect(_ path: String) throws -> Inspected {
    try Command.run("inspect", path, "--json").json()
  }

  @Test(
    "recompress makes one snapshot of a chain, which holds the same cache",
    arguments: [
      "chain-child", "chain-grandchild", "chain-keeps-less", "chain-keeps-none-of-parent",
      "chain-no-new-pair", "chain-keeps-all-tokens", "chain-f32", "chain-bf16", "chain-ragged",
      "chain-not-whole", "chain-open-answer", "chain-sinks-and-window", "chain-int8", "chain-int4",
    ])
  func flatten(name: String) throws {
    let flat = try recompress(fixture(name))
    #expect(try digests(flat) == digests(fixture(name)))
    #expect(try inspect(flat).parent == nil)
    #expect(try inspect(flat).ownTokens == inspect(fixture(name)).tokens)
  }

  @Test(
    "at a compression, and of snapshots that are compressed themselves",
    arguments: ["chain-grandchild", "chain-compressed", "chain-of-compressed"])
  func flattenSmaller(name: String) throws {
    for arguments in [["--compression", "8"], ["--compression", "11"]] {
      let out = scratch.path("\(name).kvsnap")
      let result = try Command.run(["recompress", fixture(name), "--out", out] + arguments)
      #expect(result.status == 0, "\(result.error)")
      let verified = try Command.run("verify", out)
      #expect(verified.status == 0, "\(verified.error)")
    }
  }

  @Test("a chain has one ranking: another scorer or bank in it is rejected, and --method helps")
  func rankings() throws {
    for name in ["chain-ranked-otherwise", "chain-other-bank"] {
      let out = scratch.path("none.kvsnap")
      let refused = try Command.run("recompress", fixture(name), "--out", out)
      #expect(refused.status == 64 && refused.error.contains("--method"), "\(refused.error)")
      #expect(!scratch.contents.contains("none.kvsnap"))
      _ = try recompress(fixture(name), "--method", "streaming-llm")
    }
  }

  @Test("ranked anew, a chain and the one snapshot of it are the same bytes")
  func rankedAnew() throws {
    let flat = try recompress(fixture("chain-grandchild"))
    // The fixture's keys are any bit patterns, which the methods that read keys do not rank.
    for method in ["streaming-llm", "random"] {
      let (a, b) = (
        try recompress(fixture("chain-grandchild"), "--method", method),
        try recompress(flat, "--method", method)
      )
      #expect(try bytes(of: a) == bytes(of: b))
    }
  }

  @Test("verify checks what a file continues, each file once, and reports it with --json")
  func verify() throws {
    let (child, grandchild) = (fixture("chain-child"), fixture("chain-grandchild"))
    let result = try Command.run("verify", grandchild, child)
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.hasSuffix(": valid") })
    #expect(lines[0] == "\(grandchild): valid")
    #expect(lines.filter { $0 == "\(child): valid" }.count == 1)
  }

  @Test("verify --json calls a child valid whose parent is missing, and says so: 66")
  func verifyWithoutParent() throws {
    struct Report: Decodable {
      struct File: Decodable {
        let sound, parentMissing: Bool
        let problem: String?
      }
      let files: [File]
    }
    let child = scratch.path("child.kvsnap")
    try FileManager.default.copyItem(atPath: fixture("chain-child"), toPath: child)
    let orphan = try Command.run("verify", child, "--json")
    #expect(orphan.status == 66)
    let report = try #require(try orphan.json(as: Report.self).files.first)
    #expect(report.sound && report.parentMissing)
    #expect(report.problem?.contains("PRNT") == true)
    // The parent comes before DATA, and what is damaged is called so, too.
    var altered = try bytes(of: child)
    altered[altered.count - 1] ^= 1
    let broken = try Command.run("verify", try scratch.write("broken.kvsnap", altered), "--json")
    #expect(broken.status == 66)
    let both = try #require(try broken.json(as: Report.self).files.first)
    #expect(!both.sound && both.parentMissing)
    #expect(both.problem?.contains("DATA") == true)
    let damaged = try scratch.write("damaged.kvsnap", bytes(of: child).dropLast())
    for (path, isValid) in [(damaged, false), (fixture("f16"), true)] {
      let report = try #require(
        try Command.run("verify", path, "--json").json(as: Report.self).files.first)
      #expect(report.sound == isValid && !report.parentMissing)
      #expect((report.problem == nil) == isValid)
    }
  }

  @Test("inspect says what a file continues, without reading that")
  func inspect() throws {
    let child = scratch.path("child.kvsnap")
    try FileManager.default.copyItem(atPath: fixture("chain-child"), toPath: child)
    let report = try inspect(child)
    let parent = try #require(report.parent)
    #expect(report.ownTokens == report.tokens - parent.firstPosition)
    let file = Fixtures.path("conformance/valid/\(parent.fileName)")
    #expect(try inspect(file).digest == parent.digest)
    #expect(report.digest != parent.digest)
    let text = String(decoding: try Command.run("inspect", child).output, as: UTF8.self)
    #expect(text.contains("continues     \(parent.fileName)"))
  }

  @Test("a parent that lies elsewhere is named with --parent; without, exit code 66 says so")
  func elsewhere() throws {
    let child = scratch.path("child.kvsnap")
    try FileManager.default.copyItem(atPath: fixture("chain-child"), toPath: child)
    let parent = Fixtures.path(
      "conformance/valid/\(try #require(try inspect(child).parent).fileName)")
    let commands = [
      ["verify", child], ["verify", "--digests", child],
      ["recompress", child, "--out", scratch.path("flat.kvsnap")],
      ["export", child, scratch.path("a.safetensors")],
      ["inspect", child, "--heatmap", scratch.path("a.svg")],
    ]
    for command in commands {
      let refused = try Command.run(command)
      #expect(refused.status == 66, "\(command): \(refused.error)")
      #expect(refused.error.contains("--parent"), "\(command)")
      #expect(scratch.contents == ["child.kvsnap"])
      let other = try Command.run(command + ["--parent", fixture("chain-root-bf16")])
      #expect(other.status == 66, "\(command): \(other.error)")
      #expect(other.error.contains("no named file has that digest"), "\(other.error)")
    }
    for command in commands {
      let result = try Command.run(command + ["--parent", parent])
      #expect(result.status == 0, "\(command): \(result.error)")
    }
    let flat = scratch.path("flat.safetensors")
    _ = try Command.run("export", scratch.path("flat.kvsnap"), flat)
    #expect(try bytes(of: flat) == bytes(of: scratch.path("a.safetensors")))
  }
}
