import Foundation
import TestSupport
import Testing

@Suite("What somebody may still need is not replaced without --force", .serialized)
struct ReplacementTests {
  private let tiny: TinyFiles
  private let scratch: ScratchFolder

  init() throws {
    (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
  }

  private func copy(_ source: String, as name: String) throws -> String {
    try scratch.write(name, bytes(of: source))
  }

  /// Rejected with one sentence, and nothing changed; done with --force.
  private func expectRefusal(
    _ arguments: [String], _ path: String, _ part: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try bytes(of: path)
    let names = scratch.contents
    let result = try Command.run(arguments)
    #expect(result.status == 64, "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.error.contains(part), "\(result.error)", sourceLocation: sourceLocation)
    #expect(result.error.contains("--force"), sourceLocation: sourceLocation)
    #expect(result.error.split(separator: "\n").count == 1, sourceLocation: sourceLocation)
    #expect(result.output.isEmpty && scratch.contents == names, sourceLocation: sourceLocation)
    #expect(try bytes(of: path) == before, sourceLocation: sourceLocation)
    let forced = try Command.run(arguments + ["--force"])
    #expect(forced.status == 0, "\(forced.error)", sourceLocation: sourceLocation)
    #expect(try bytes(of: path) != before, sourceLocation: sourceLocation)
  }

  private func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

  /// Each command that writes a file, with the ending that it wants.
  private func commands(_ path: (String) -> String) -> [(arguments: [String], out: String)] {
    let (snapshot, bank) = (path(".kvsnap"), path(".qfilt"))
    let (statistics, cache, drawing) = (path(".qstat"), path(".safetensors"), path(".svg"))
    let shard = ["--shard", "1/1", "--out", statistics]
    return [
      (tiny.prefill(out: snapshot), snapshot), (tiny.recompress(out: snapshot), snapshot),
      (tiny.save(out: snapshot), snapshot), (tiny.precompute(out: bank), bank),
      (Array(tiny.precompute(out: statistics).dropLast(2)) + shard, statistics),
      (tiny.export(out: cache), cache),
      (
        [
          "resume", tiny.snapshot, "--model", tiny.model, "--prompt", "x", "--compression", "32",
          "--max-tokens", "2", "--export", cache,
        ], cache
      ),
      (["inspect", tiny.snapshot, "--heatmap", drawing], drawing),
    ]
  }

  @Test("another kind of file: a text, or another of this program's files")
  func otherKinds() throws {
    let text = Array("Notes that took a year.\n".utf8)
    for (arguments, out) in commands({ scratch.path("notes" + $0) }) {
      _ = try scratch.write(name(out), text)
      try expectRefusal(arguments, out, "\(out) is there and is not")
    }
    let bank = try copy(tiny.filters, as: "bank.kvsnap")
    try expectRefusal(tiny.prefill(out: bank), bank, "is a filter bank, not a snapshot")
    let snapshot = try copy(tiny.snapshot, as: "snapshot.qfilt")
    try expectRefusal(tiny.precompute(out: snapshot), snapshot, "is a snapshot, not a filter bank")
    let weights = try copy(
      Fixtures.path("models/tiny-llama-f32/model.safetensors"), as: "model.safetensors")
    try expectRefusal(
      tiny.export(out: weights), weights, "is a safetensors file, not a cache as safetensors")
  }

  @Test("its own kind, an empty file and a damaged one of its kind are replaced")
  func ownKind() throws {
    for (arguments, out) in commands({ scratch.path("own" + $0) }) {
      #expect(try Command.run(arguments).status == 0)
      let new = try bytes(of: out)
      for old in [[], new, Array(new.dropLast(9))] as [[UInt8]] {
        _ = try scratch.write(name(out), old)
        let result = try Command.run(arguments)
        #expect(result.status == 0, "\(arguments): \(result.error)")
        #expect(try bytes(of: out) == new)
      }
    }
  }

  @Test("the parent of a snapshot next to it, also by a link; no longer once that is gone")
  func parents() throws {
    let root = try copy(tiny.snapshot, as: "root.kvsnap")
    let child = scratch.path("child.kvsnap")
    #expect(try Command.run(tiny.save(root, out: child)).status == 0)
    let other = tiny.prefill(tiny.otherText, out: root)
    let link = try ScratchFolder()
    try FileManager.default.createSymbolicLink(
      atPath: link.path("link.kvsnap"), withDestinationPath: root)
    let refused = try Command.run(tiny.prefill(tiny.otherText, out: link.path("link.kvsnap")))
    #expect(refused.status == 64 && refused.error.contains("child.kvsnap"), "\(refused.error)")
    try expectRefusal(other, root, "root.kvsnap is the parent of \(child)")
    // The child names another digest than what is there now, and the old file may come back.
    #expect(try Command.run(tiny.prefill(out: root)).status == 0)
    #expect(try Command.run(other).status == 64)
    try FileManager.default.removeItem(atPath: child)
    #expect(try Command.run(other).status == 0)
  }

  @Test("what is read itself")
  func inputs() throws {
    let snapshot = try copy(tiny.snapshot, as: "a.kvsnap")
    try expectRefusal(
      tiny.recompress(snapshot, out: snapshot), snapshot, "a.kvsnap is both read and written")
    let statistics = scratch.path("a.qstat")
    let made = try Command.run(tiny.precompute(out: statistics))
    #expect(made.status == 0, "\(made.error)")
    let merged = try Command.run("merge", statistics, "--out", statistics)
    #expect(merged.status == 64 && merged.error.contains("is both read and written"))
  }

  @Test(
    "a model's folder is no place for filters in the hub's layout, nor a page for a zoo's index")
  func folders() throws {
    let folder = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-f32"), toPath: folder)
    let export = ["export", tiny.filters, folder]
    let config = folder + "/config.json"
    try expectRefusal(export, config, "\(config) is there and is not Q-Filters in the hub's layout")
    // Now it is such a folder.
    #expect(try Command.run(export).status == 0)

    let zoo = scratch.path("zoo")
    try FileManager.default.createDirectory(atPath: zoo, withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: tiny.model, toPath: zoo + "/a.gguf")
    let page = zoo + "/index.md"
    try Data("# My models\n".utf8).write(to: URL(filePath: page))
    let arguments = [
      "zoo", zoo, "--corpus", tiny.text, "--sequences", "2", "--length", "40",
    ]
    try expectRefusal(arguments, page, "is not an index of filter banks")
    #expect(try Command.run(arguments).status == 0)
  }
}
