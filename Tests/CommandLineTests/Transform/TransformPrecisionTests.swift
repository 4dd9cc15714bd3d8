import CacheCodec
import CacheFormat
import FoundationEssentials
import TestSupport
import Testing

@Suite("A snapshot whose precision is transform")
struct TransformPrecisionTests {
  private let folder: ScratchFolder
  private let tiny: TinyFiles
  private let text, transform: String

  init() throws {
    folder = try ScratchFolder()
    tiny = try TinyFiles.shared.get()
    let words = (0..<900).map { "word\($0 * 5 % 97)" }.joined(separator: " ")
    text = try folder.write("text.txt", words.utf8.prefix(380))
    let corpus = try folder.write("corpus.txt", words.utf8)
    transform = folder.path("tiny.qtrans")
    try run(
      ["transform", "--model", tiny.model, "--corpus", corpus, "--sequences", "4"]
        + ["--length", "200", "--out", transform])
  }

  @discardableResult private func run(_ arguments: [String]) throws -> Command.Result {
    let result = try Command.run(arguments)
    try #require(result.status == 0, "\(arguments): \(result.error)")
    return result
  }

  private func output(_ arguments: [String]) throws -> String {
    String(decoding: try run(arguments).output, as: UTF8.self)
  }

  private func prefill(_ name: String, _ options: String...) throws -> String {
    let out = folder.path(name)
    try run(
      ["prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", text]
        + ["--out", out] + options)
    return out
  }

  private func coded(_ name: String = "coded.kvsnap", quality: String = "high") throws -> String {
    try prefill(name, "--precision", "transform:\(quality)", "--transform", transform)
  }

  private func resume(_ snapshot: String, _ options: String...) throws -> Command.Result {
    try Command.run(
      ["resume", snapshot, "--model", tiny.model, "--prompt", " and", "--max-tokens", "6"]
        + ["--json"] + options)
  }

  @Test("resumes at every mode with as many pairs as one that is stored without loss")
  func modes() throws {
    let (lossless, coded) = (try prefill("f16.kvsnap"), try coded())
    for options in [[], ["--compression", "4"], ["--recall", "4"], ["--compression", "5"]] {
      let results = try [lossless, coded].map { path in
        try run(
          ["resume", path, "--model", tiny.model, "--prompt", " and", "--max-tokens", "6"]
            + ["--json"] + options
        ).json(as: Resumed.self)
      }
      #expect(results[0].pairs == results[1].pairs, "\(options)")
    }
  }

  @Test("is nearer to the cache, and larger, the higher its quality")
  func qualities() throws {
    let reference = try prefill("f16.kvsnap")
    let paths = try ["high", "medium", "low"].map { try coded("\($0).kvsnap", quality: $0) }
    let rest = try folder.write("rest.txt", String(repeating: " word3 word8", count: 60).utf8)
    let rows = try run(
      ["evaluate", "snapshots", reference] + paths + ["--model", tiny.model, "--file", rest]
        + ["--continuation", "100", "--json"]
    ).json(as: Compared.self).snapshots
    #expect(rows[0].divergence == 0)
    #expect(zip(rows[1...], rows[2...]).allSatisfy { $0.divergence < $1.divergence })
    #expect(zip(rows[1...], rows[2...]).allSatisfy { $0.bytes > $1.bytes })
  }

  private struct Compared: Decodable {
    struct Row: Decodable {
      let divergence: Double
      let bytes: Int
    }
    let snapshots: [Row]
  }

  @Test("names its transform where that is missing, with exit code 66, and is valid without it")
  func missing() throws {
    let snapshot = try coded()
    let elsewhere = try ScratchFolder()
    let moved = elsewhere.path("moved.kvsnap")
    _ = try elsewhere.write("moved.kvsnap", bytes(of: snapshot))
    for command in [
      ["resume", moved, "--model", tiny.model, "--prompt", "x"],
      ["export", moved, elsewhere.path("x.safetensors")],
      ["recompress", moved, "--precision", "f16", "--out", elsewhere.path("y.kvsnap")],
      ["verify", "--digests", moved],
    ] {
      let result = try Command.run(command)
      #expect(result.status == 66, "\(command)")
      #expect(result.error.contains("tiny.qtrans"), "\(result.error)")
      #expect(result.error.contains("--transform"), "\(result.error)")
    }
    #expect(elsewhere.contents == ["moved.kvsnap"])
    _ = try elsewhere.write(
      "tiny.qtrans", bytes(of: Fixtures.path("conformance/valid/transform-odd.qtrans")))
    let other = try Command.run(["export", moved, elsewhere.path("x.safetensors")])
    #expect(other.status == 66)
    #expect(other.error.contains("the file of that name has another"), "\(other.error)")
    try FileManager.default.removeItem(atPath: elsewhere.path("tiny.qtrans"))
    let verified = try output(["verify", moved])
    #expect(verified.contains("valid; without its transform tiny.qtrans"))
    #expect(try output(["verify", snapshot]).hasSuffix("valid\n"))
    try run(["export", moved, elsewhere.path("x.safetensors"), "--transform", transform])
    try run(["show", moved, "--model", tiny.model])
    try run(["inspect", moved])
  }

  @Test("becomes any other precision, and any other becomes it")
  func recompressed() throws {
    let snapshot = try coded()
    for precision in ["f16", "int8", "8:f16,int4", "transform:low"] {
      let out = folder.path("new.kvsnap")
      try run(
        ["recompress", snapshot, "--precision", precision, "--transform", transform]
          + ["--out", out])
      try run(["verify", out])
      #expect(try resume(out, "--compression", "4").status == 0)
    }
    let low = folder.path("low.kvsnap")
    try run(["recompress", snapshot, "--precision", "transform:low", "--out", low])
    #expect(try bytes(of: low) == bytes(of: folder.path("new.kvsnap")))
    let whole = try output(["verify", "--digests", snapshot])
    try run(["recompress", snapshot, "--precision", "f16", "--out", folder.path("f.kvsnap")])
    let finer = try run(
      ["recompress", low, "--precision", "transform:high", "--out", folder.path("fine.kvsnap")])
    #expect(finer.error.contains("already coded by this transform"), "\(finer.error)")
    #expect(try bytes(of: folder.path("fine.kvsnap")) == bytes(of: low))
    #expect(try output(["inspect", low]).contains("low quality"))
    let unknown = try Command.run(
      ["recompress", folder.path("f.kvsnap"), "--precision", "transform", "--out", low])
    #expect(unknown.status == 64 && unknown.error.contains("--transform"), "\(unknown.error)")
    #expect(try output(["verify", "--digests", folder.path("f.kvsnap")]) == whole)
    try run(["recompress", snapshot, "--out", folder.path("same.kvsnap")])
    #expect(try bytes(of: folder.path("same.kvsnap")) == bytes(of: snapshot))
    try run(
      ["recompress", folder.path("f.kvsnap"), "--precision", "transform"]
        + ["--transform", transform, "--out", folder.path("again.kvsnap")])
    #expect(try SnapshotReader(path: folder.path("again.kvsnap")).blocks != nil)
    let part = try Command.run(
      ["recompress", snapshot, "--compression", "8", "--out", folder.path("p.kvsnap")])
    #expect(part.status == 64)
    #expect(part.error.contains("--precision"))
  }

  @Test("keeps its transform from being replaced, unless --force says so")
  func replaced() throws {
    _ = try coded()
    let corpus = folder.path("corpus.txt")
    let learn = [
      "transform", "--model", tiny.model, "--corpus", corpus, "--sequences", "2", "--length", "200",
      "--out", transform,
    ]
    let before = try bytes(of: transform)
    let refused = try Command.run(learn)
    #expect(refused.status == 64)
    #expect(
      refused.error.contains("is the transform of \(folder.path("coded.kvsnap"))"),
      "\(refused.error)")
    #expect(try bytes(of: transform) == before)
    try run(learn + ["--force"])
    #expect(try bytes(of: transform) != before)
    // No snapshot needs this one.
    try run(learn)
  }

  @Test("is continued by children that the same transform codes")
  func chain() throws {
    let (snapshot, child) = (try coded(), folder.path("child.kvsnap"))
    #expect(try resume(snapshot, "--save", child).status == 0)
    #expect(try SnapshotReader(path: child).blocks?.layout.transform.fileName == "tiny.qtrans")
    #expect(try resume(child, "--compression", "2").status == 0)
    let merged = try Command.run(["recompress", child, "--out", folder.path("m.kvsnap")])
    #expect(merged.status == 64)
    try run(["recompress", child, "--precision", "int8", "--out", folder.path("m.kvsnap")])
    try run(["verify", folder.path("m.kvsnap"), child])
  }

  @Test("codes a child's pairs, too, where the parent has hardly any")
  func shortParent() throws {
    let (parent, child) = (folder.path("one.kvsnap"), folder.path("child.kvsnap"))
    let word = try folder.write("word.txt", "x".utf8)
    try run(
      [
        "prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", word, "--out",
        parent,
      ]
        + ["--precision", "transform", "--transform", transform])
    try run(
      ["resume", parent, "--model", tiny.model, "--prompt-file", text, "--max-tokens", "2"]
        + ["--save", child])
    let blocks = try #require(try SnapshotReader(path: child).blocks)
    #expect(blocks.step != nil)
    let rest = try folder.write("rest.txt", String(repeating: " word3 word8", count: 60).utf8)
    let rows = try run(
      ["evaluate", "snapshots", child, "--model", tiny.model, "--file", rest]
        + ["--continuation", "100", "--json"]
    ).json(as: Compared.self).snapshots
    let sizes = try [parent, child].map { try bytes(of: $0).count }
    #expect(rows[0].bytes == sizes.reduce(0, +), "all files of the chain count")
  }

  @Test("needs options that fit together")
  func usage() throws {
    let command = ["prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", text]
    for options in [
      ["--precision", "transform"], ["--transform", transform],
      ["--precision", "transform", "--transform", transform, "--compression", "8"],
      ["--precision", "transform:best", "--transform", transform],
      ["--precision", "transform:low,int8", "--transform", transform],
      ["--precision", "8:int8,transform", "--transform", transform],
    ] {
      let result = try Command.run(command + ["--out", folder.path("u.kvsnap")] + options)
      #expect(result.status == 64, "\(options)")
    }
    let other = Fixtures.path("models/tiny-gemma3.gguf")
    let mismatch = try Command.run(
      ["prefill", "--model", other, "--method", "k-norm", "--prompt-file", text]
        + ["--precision", "transform", "--transform", transform]
        + ["--out", folder.path("u.kvsnap")])
    #expect(mismatch.status == 78)
    #expect(!folder.contents.contains("u.kvsnap"))
  }
}
