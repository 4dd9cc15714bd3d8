import Foundation
import TestSupport
import Testing

/// A program of some hundred lines writes snapshots for an engine without digests of values.
@Suite("A snapshot by the example writer")
struct TrustTests {
  private let scratch: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")
  private let folder = Fixtures.path("models/tiny-llama-f32")
  private let (original, written): (String, String)

  init() throws {
    scratch = try ScratchFolder()
    (original, written) = (scratch.path("original.kvsnap"), scratch.path("written.kvsnap"))
    let text = try scratch.write("text.txt", String(repeating: "The quick fox. ", count: 9).utf8)
    let tensors = scratch.path("cache.safetensors")
    let made = try Command.run(
      ["prefill", "--model", model, "--method", "k-norm", "--prompt-file", text, "--out", original])
    try #require(made.status == 0, "\(made.error)")
    try #require(try Command.run(["export", original, tensors]).status == 0)
    let writer = Fixtures.folder.deletingLastPathComponent().appending(path: "spec/writer.py").path
    let ran = try Command.shell(
      "'\(Command.python)' '\(writer)' '\(tensors)' '\(model)' '\(written)'")
    try #require(ran.status == 0, "\(ran.error)")
  }

  private func answer(_ snapshot: String, _ model: String, _ options: String...) throws
    -> Command.Result
  {
    try Command.run(
      ["resume", snapshot, "--model", model, "--prompt", " The dog", "--max-tokens", "8", "--json"]
        + options)
  }

  private struct Answer: Decodable {
    let ids: [Int]
    let identity: String
  }

  private struct Inspected: Decodable {
    struct File: Decodable { let role: String }
    let scorer: String
    let trusted: Bool
    let files: [File]
    let meta: [String: String]?
  }

  @Test("is valid, shows what it holds, and continues as the original does")
  func resumes() throws {
    #expect(try Command.run(["verify", written]).status == 0)
    let inspected: Inspected = try Command.run(["inspect", written, "--json"]).json()
    #expect(inspected.scorer == "unranked" && inspected.files.map(\.role) == ["weights"])
    #expect(inspected.meta == ["org.example.title": "an example"])
    let answers = try [original, written].map { path -> Answer in
      try answer(path, model).json()
    }
    #expect(answers[0].ids == answers[1].ids)
    #expect(answers.map(\.identity) == ["files", "files"])
  }

  @Test("is not ranked, and can be ranked later")
  func ranking() throws {
    let refused = try answer(written, model, "--compression", "2")
    #expect(refused.status == 64)
    #expect(refused.error.contains("is not ranked"))
    let ranked = scratch.path("ranked.kvsnap")
    #expect(try Command.run(["recompress", written, "--out", ranked]).status == 64)
    let made = try Command.run(["recompress", written, "--method", "k-norm", "--out", ranked])
    #expect(made.status == 0, "\(made.error)")
    let first: Answer = try answer(ranked, model, "--compression", "2").json()
    let second: Answer = try answer(original, model, "--compression", "2").json()
    #expect(first.ids == second.ids)
    let inspected: Inspected = try Command.run(["inspect", ranked, "--json"]).json()
    #expect(inspected.meta == ["org.example.title": "an example"])
  }

  @Test("needs --trust with other files of the same model, and its children say so for ever")
  func trust() throws {
    let refused = try answer(written, folder)
    #expect(refused.status == 78)
    #expect(refused.error.contains("--trust"))
    let (child, grandchild) = (scratch.path("child.kvsnap"), scratch.path("grandchild.kvsnap"))
    let ranked = scratch.path("ranked.kvsnap")
    #expect(
      try Command.run(["recompress", written, "--method", "k-norm", "--out", ranked]).status == 0)
    #expect(try answer(ranked, folder, "--save", child).status == 78)
    let saved: Answer = try answer(ranked, folder, "--trust", "--save", child).json()
    #expect(saved.identity == "trust")
    // The child is of the folder's files, so it needs no word of trust; its parent had it.
    let next = try answer(child, folder, "--save", grandchild)
    #expect(next.status == 0, "\(next.error)")
    #expect(next.error.contains("nothing proves"))
    let merged = scratch.path("merged.kvsnap")
    #expect(try Command.run(["recompress", grandchild, "--out", merged]).status == 0)
    for path in [child, grandchild, merged] {
      let inspected: Inspected = try Command.run(["inspect", path, "--json"]).json()
      #expect(inspected.trusted, "\(path)")
    }
  }

  @Test("of another model is rejected even with --trust where values differ")
  func otherModel() throws {
    let other = Fixtures.path("models/tiny-llama3-rope.gguf")
    let refused = try answer(original, other, "--trust")
    #expect(refused.status == 78)
  }
}
