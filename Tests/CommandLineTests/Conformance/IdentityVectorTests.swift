import ByteIO
import Foundation
import TestSupport
import Testing
import Tokenization
import Workflows

@Suite("The check vectors of identity in the specification are what the program computes")
struct IdentityVectorTests {
  private static let names = ["weights", "architecture", "rope", "tokenizer"]
  private static let page = Fixtures.folder.deletingLastPathComponent()
    .appending(path: "spec/format.md")

  /// The rows of a table: a name that begins so, and the digests' first digits.
  private static func rows(_ start: String) throws -> [(name: String, digests: [String])] {
    try String(contentsOf: page, encoding: .utf8)
      .split(separator: "\n").filter { $0.hasPrefix("| `\(start)") }
      .map { line in
        let cells = line.matches(of: /`([^`]+)`/).map { String($0.output.1) }
        return (cells[0], cells.dropFirst().filter { $0.wholeMatch(of: /[0-9a-f]{8}/) != nil })
      }
  }

  @Test("of models, whether a folder or a GGUF")
  func models() throws {
    let scratch = try ScratchFolder()
    let text = try scratch.write("text", "The quick brown fox.".utf8)
    let rows = try Self.rows("tiny-")
    #expect(rows.count >= 11)
    for (name, digests) in rows {
      let paths = [name, name + ".gguf"].map { Fixtures.path("models/\($0)") }
      for path in paths where FileManager.default.fileExists(atPath: path) {
        let snapshot = scratch.path("s.kvsnap")
        let made = try Command.run(
          [
            "prefill", "--model", path, "--method", "k-norm", "--prompt-file", text, "--out",
            snapshot,
          ])
        #expect(made.status == 0, "\(made.error)")
        let inspected: Inspected = try Command.run("inspect", snapshot, "--json").json()
        #expect(
          Self.names.map { inspected.identity[$0]?.prefix(8) } == digests.map { $0.prefix(8) },
          "\(path)")
      }
    }
  }

  private struct Inspected: Decodable { let identity: [String: String] }

  @Test("of tokenizers with scores")
  func tokenizers() throws {
    let folder = Fixtures.path("tokenization") + "/"
    let rows = try ["gemma.gguf", "llama-2.gguf", "unigram.gguf"].flatMap(Self.rows)
    #expect(rows.count == 3)
    for (name, digests) in rows {
      var hash = SHA256()
      try LoadedModel.loadTokenizer(path: folder + name).writeCanonicalBytes { hash.update($0) }
      let digest = hash.finish().map { String(format: "%02x", $0) }.joined()
      #expect([String(digest.prefix(8))] == digests, "\(name)")
    }
  }
}
