import CacheFormat
import Foundation
import QFilters
import TestSupport
import Testing

@Suite("zoo computes the filters of all models below a folder", .serialized)
struct ZooTests {
  private let scratch: ScratchFolder
  private let zoo: String
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    zoo = scratch.path("zoo")
    text = try scratch.write("t.txt", String(repeating: "A line of the corpus.\n", count: 40).utf8)
    let files = FileManager.default
    try files.createDirectory(atPath: zoo + "/b/deep", withIntermediateDirectories: true)
    for (model, place) in [
      ("tiny-llama-f32.gguf", "a.gguf"), ("tiny-llama-f32", "b/folder"),
      ("tiny-llama-q8_0.gguf", "b/deep/q.gguf"),
    ] {
      try files.copyItem(
        atPath: Fixtures.path("models/" + model), toPath: zoo + "/" + place)
    }
    for part in 1...4 {
      let name = "-0000\(part)-of-00004.gguf"
      try files.copyItem(
        atPath: Fixtures.path("models/tiny-llama-split/tiny-llama-q4_0" + name),
        toPath: zoo + "/b/split" + name)
    }
    // It begins as a model, and ends too early.
    try Data(bytes(of: zoo + "/a.gguf").prefix(3000)).write(to: URL(filePath: zoo + "/broken.gguf"))
    try Data("notes".utf8).write(to: URL(filePath: zoo + "/notes.md"))
    // Filters are no model, and neither is what leads back.
    try files.copyItem(
      atPath: Fixtures.path("golden/smollm2-hub-filters"), toPath: zoo + "/b/x_qfilt")
    try files.createSymbolicLink(atPath: zoo + "/b/again", withDestinationPath: "..")
  }

  private struct Report: Decodable {
    struct Model: Decodable {
      let model, outcome: String
      let bank, problem: String?
    }
    let models: [Model]
  }

  private struct Index: Decodable {
    struct Entry: Decodable {
      struct Bank: Decodable {
        let path, filters, weights, tokensSHA256: String
        let sequences, length: Int
      }
      let model: String
      let bank: Bank?
      let problem: String?
    }
    let models: [Entry]
  }

  private func run(length: Int = 40, _ options: String...) throws -> Command.Result {
    try Command.run(
      [
        "zoo", zoo, "--corpus", text, "--sequences", "3", "--length", "\(length)", "--json",
      ] + options)
  }

  private func outcomes(_ result: Command.Result) throws -> [String: String] {
    let models = try result.json(as: Report.self).models
    return Dictionary(uniqueKeysWithValues: models.map { ($0.model, $0.outcome) })
  }

  @Test("continues after a failure, skips what is up to date, and computes again what is not")
  func outcomes() throws {
    let first = try run()
    #expect(first.status == 1)
    #expect(first.error.contains("broken.gguf"))
    let failed = ["broken.gguf": "failed"]
    let done = ["a.gguf", "b/folder", "b/deep/q.gguf", "b/split-00001-of-00004.gguf"]
    func all(_ outcome: String) -> [String: String] {
      done.reduce(into: failed) { $0[$1] = outcome }
    }
    #expect(try outcomes(first) == all("computed"))
    for bank in ["a.qfilt", "b/folder/filters.qfilt", "b/deep/q.qfilt", "b/split.qfilt"] {
      #expect(try Command.run("verify", zoo + "/" + bank).status == 0)
    }
    let index = try bytes(of: zoo + "/index.json")
    #expect(try outcomes(run()) == all("upToDate"))
    #expect(try bytes(of: zoo + "/index.json") == index)
    #expect(try outcomes(run(length: 50)) == all("computed"))
    // A bank of other weights, and one that is damaged.
    let files = FileManager.default
    try files.removeItem(atPath: zoo + "/a.qfilt")
    try files.copyItem(atPath: zoo + "/b/deep/q.qfilt", toPath: zoo + "/a.qfilt")
    try setLength(of: zoo + "/b/folder/filters.qfilt", to: 100)
    let again = try outcomes(run(length: 50))
    #expect(again["a.gguf"] == "computed" && again["b/folder"] == "computed")
    #expect(again["b/deep/q.gguf"] == "upToDate")
  }

  @Test("the index names every bank with its origin; --out keeps the models' folder as it is")
  func index() throws {
    let before = try FileManager.default.subpathsOfDirectory(atPath: zoo).sorted()
    let out = scratch.path("out")
    #expect(try run("--out", out).status == 1)
    #expect(try FileManager.default.subpathsOfDirectory(atPath: zoo).sorted() == before)
    let index = try JSONDecoder().decode(Index.self, from: Data(bytes(of: out + "/index.json")))
    #expect(index.models.count == 5)
    let page = String(decoding: try bytes(of: out + "/index.md"), as: UTF8.self)
    for entry in index.models {
      guard let bank = entry.bank else {
        #expect(entry.problem != nil)
        continue
      }
      let stored = try FilterBank(path: out + "/" + bank.path)
      #expect(bank.filters == stored.digest.description)
      #expect(bank.weights == stored.identity.weights.description)
      #expect((bank.sequences, bank.length) == (3, 40))
      #expect(bank.tokensSHA256 == stored.sequences?.corpus.description)
      #expect(page.contains(String(bank.weights.prefix(12))))
    }
    // The folder and the GGUF file hold the same weights.
    let banks = index.models.compactMap(\.bank)
    #expect(Set(banks.map(\.weights)).count == banks.count - 1)
    #expect(page.contains("## Without a filter bank"))
  }

  @Test("a folder without models: 66; without failures: 0")
  func empty() throws {
    let folder = scratch.path("nothing")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let nothing = try Command.run("zoo", folder, "--corpus", text)
    #expect(nothing.status == 66 && nothing.error.contains("holds no model"), "\(nothing.error)")
    let missing = try Command.run("zoo", "/no/such", "--corpus", text)
    #expect(missing.status == 66 && missing.error.contains("/no/such"))
    let good = try Command.run(
      ["zoo", zoo + "/b/deep", "--corpus", text, "--sequences", "2", "--length", "20"])
    #expect(good.status == 0, "\(good.error)")
    #expect(String(decoding: good.output, as: UTF8.self) == "q.qfilt: computed\n")
  }

  @Test("what seems to be a model and is none is passed over by name, and is no failure")
  func noModels() throws {
    let folder = scratch.path("odd")
    let files = FileManager.default
    try files.createDirectory(atPath: folder + "/old", withIntermediateDirectories: true)
    try files.copyItem(
      atPath: Fixtures.path("golden/smollm2-hub-filters"), toPath: folder + "/filters")
    for (name, text) in [
      ("page.gguf", "<!DOCTYPE html>"), ("pointer.gguf", "version https://git-lfs.github.com\n"),
      ("part-00002-of-00002.gguf", "GGUF"), ("old/config.json", "{}"),
      ("old/pytorch_model.bin", "x"), ("notes.txt", "x"),
    ] {
      try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }
    let none = try Command.run("zoo", folder, "--corpus", text)
    #expect(none.status == 66 && none.error.contains("(filters: it holds Q-Filters, not a model)"))
    try files.copyItem(atPath: zoo + "/a.gguf", toPath: folder + "/a.gguf")
    let result = try Command.run([
      "zoo", folder, "--corpus", text, "--sequences", "2", "--length", "20",
    ])
    #expect(result.status == 0, "\(result.error)")
    for (name, reason) in [
      ("filters", "it holds Q-Filters, not a model"),
      ("old", "its weights are in pytorch_model.bin, not in model.safetensors"),
      ("page.gguf", "it is not a GGUF file"),
      ("part-00002-of-00002.gguf", "part-00001-of-00002.gguf, its model's first part, is missing"),
      ("pointer.gguf", "it is a Git LFS pointer, and its file was not fetched"),
    ] {
      #expect(result.error.contains("note: \(name): passed over: \(reason)\n"), "\(result.error)")
    }
    #expect(!result.error.contains("notes.txt"))
  }
}
