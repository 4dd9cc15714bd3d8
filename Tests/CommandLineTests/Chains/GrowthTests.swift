import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing
import Tokenization
import Workflows

@Suite("A conversation that grows turn by turn, each saved after the one before", .serialized)
struct GrowthTests {
  struct Saved: Decodable {
    let ids: [Int]
    let text: String
    let bytesRead, contextTokens, savedBytes: Int
    let saveSeconds: Double
  }

  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func prefill(_ model: String, _ text: String, to name: String, _ options: String...)
    throws -> String
  {
    let file = try scratch.write("text.txt", text.utf8)
    let path = scratch.path(name)
    let result = try Command.run(
      [
        "prefill", "--model", model, "--method", "k-norm", "--prompt-file", file, "--out", path,
      ] + options)
    try #require(result.status == 0, "\(result.error)")
    return path
  }

  private func resume(
    _ snapshot: String, _ model: String, _ prompt: String, save name: String, _ options: String...
  ) throws -> Saved {
    let result = try Command.run(
      [
        "resume", snapshot, "--model", model, "--prompt", prompt, "--max-tokens", "12", "--json",
        "--save", scratch.path(name),
      ] + options)
    try #require(result.status == 0, "\(result.error)")
    return try result.json()
  }

  private static let turns = [
    "\n\nIn one sentence, the essay says that", " And yet, some would object that",
    "\n\nFor example,",
  ]

  private static func essay() throws -> String {
    let text = try String(contentsOfFile: Demo.essay("love"), encoding: .utf8)
    return text.split(separator: ". ", maxSplits: 15)[..<15].joined(separator: ". ") + "."
  }

  @Test(
    "three turns of text give the tokens of uninterrupted runs; children hold only new pairs",
    .realModel,
    arguments: GoldenModel.allCases)
  func plain(model: GoldenModel) throws {
    var text = try Self.essay()
    var snapshot = try prefill(model.path, text, to: "0.kvsnap")
    let rootBytes = try bytes(of: snapshot).count
    for (index, turn) in Self.turns.enumerated() {
      let name = "\(index + 1).kvsnap"
      let saved = try resume(snapshot, model.path, turn, save: name, "--decompressed")
      text += turn
      #expect(try generate(model.path, text) == saved.ids)
      text += saved.text
      snapshot = scratch.path(name)
      #expect(try bytes(of: snapshot).count == saved.savedBytes)
      #expect(saved.savedBytes * 4 < rootBytes)
      let child = try SnapshotReader(path: snapshot).metadata
      let parent = try #require(child.parent)
      #expect(parent.fileName == "\(index).kvsnap")
      #expect(parent.firstPosition <= saved.contextTokens)
      #expect(child.tokens.suffix(saved.ids.count) == saved.ids.map(UInt32.init)[...])
      #expect(child.tiers.isWhole)
    }
  }

  @Test("in a chat, every prompt is a turn of its own, as the model's template has it", .realModel)
  func chat() throws {
    let template = try LoadedModel(path: Demo.model).chatTemplate()
    let document = try Self.essay()
    var snapshot = try prefill(Demo.model, document, to: "0.kvsnap", "--chat")
    var text = template.opening + document + Prompt.documentSeparator
    for (index, turn) in ["What is it about?", "Why?", "Say it in two words."].enumerated() {
      let name = "\(index + 1).kvsnap"
      let saved = try resume(snapshot, Demo.model, turn, save: name, "--decompressed")
      text += turn + template.closing
      #expect(try generate(Demo.model, text) == saved.ids)
      text += saved.text + template.turnEnd + template.nextOpening
      snapshot = scratch.path(name)
      #expect(try SnapshotReader(path: snapshot).metadata.context.promptForm == .openAnswer)
    }
  }

  private func generate(_ model: String, _ text: String) throws -> [Int] {
    let file = try scratch.write("whole.txt", text.utf8)
    let result = try Command.run(
      ["generate", "--model", model, "--prompt-file", file, "--max-tokens", "12", "--json"])
    return try result.json(as: Generated.self).ids
  }

  @Test(
    "whichever pairs a turn continues, and however they are stored, its own are saved",
    arguments: [["--compression", "8"], ["--recall", "8"], []], ["f16", "8:f16,int8", "int4"])
  func selections(options: [String], precision: String) throws {
    let tiny = try TinyFiles.shared.get().model
    let root = try prefill(
      tiny, String(repeating: "A line of it.\n", count: 10), to: "0.kvsnap", "--precision",
      precision)
    var snapshot = root
    for (index, turn) in ["It", " goes", " on."].enumerated() {
      let name = "\(index + 1).kvsnap"
      let result = try Command.run(
        [
          "resume", snapshot, "--model", tiny, "--prompt", turn, "--max-tokens", "4", "--json",
          "--save", scratch.path(name),
        ] + options)
      try #require(result.status == 0, "\(result.error)")
      snapshot = scratch.path(name)
      let (child, parent) = (
        try SnapshotReader(path: snapshot), try SnapshotReader(path: root)
      )
      #expect(child.metadata.tiers.isWhole)
      for tier in 0..<child.metadata.tiers.tierCount {
        for tensor in [ChunkTable.Tensor.keys, .values] {
          #expect(child.codec(of: tensor, tier: tier) == parent.codec(of: tensor, tier: tier))
        }
      }
    }
    #expect(try Command.run("verify", snapshot).status == 0)
  }

  @Test(
    "two answers to one context share it; one file of the chain continues with equal tokens",
    .realModel)
  func siblings() throws {
    let root = try prefill(Demo.model, Self.essay(), to: "root.kvsnap")
    let before = try bytes(of: root)
    for (name, turn) in [("a", Self.turns[0]), ("b", Self.turns[1])] {
      let child = scratch.path("\(name).kvsnap")
      _ = try resume(root, Demo.model, turn, save: "\(name).kvsnap")
      let flat = scratch.path("\(name)-flat.kvsnap")
      let flattened = try Command.run("recompress", child, "--out", flat)
      try #require(flattened.status == 0, "\(flattened.error)")
      #expect(try SnapshotReader(path: flat).metadata.parent == nil)
      let next = try resume(child, Demo.model, Self.turns[2], save: "next.kvsnap")
      #expect(try resume(flat, Demo.model, Self.turns[2], save: "other.kvsnap").ids == next.ids)
    }
    #expect(try bytes(of: root) == before)
  }
}
