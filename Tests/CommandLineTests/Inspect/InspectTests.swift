import Foundation
import TestSupport
import Testing

@Suite("inspect shows what is in a file, to people, to scripts and as a picture")
struct InspectTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// The keys that docs/inspect.md lists.
  private struct Report: Decodable {
    struct Size: Decodable { let storedBytes, rawBytes: Int }
    struct Tensors: Decodable { let positions, keys, values, all: Size }
    struct Tier: Decodable { let compression, pairs, pairsHeld, bytes, prefixBytes: Int }
    struct Blocks: Decodable {
      struct Group: Decodable { let storedBytes, rawBytes: Int }
      let groups: [Group]
    }
    struct Drawing: Decodable {
      let file: String
      let compression: Int
    }
    let kind: String
    struct Parent: Decodable {
      let fileName, digest: String
      let firstPosition: Int
    }
    let digest: String
    let parent: Parent?
    let tokens, ownTokens, layers, kvHeads, keyLength, valueLength, sinks, window: Int
    let keyPrecision, valuePrecision, promptForm, scorer, provenance: String
    let bytes, metadataBytes, cacheBytes: Int
    let identity: [String: String]
    let tiers: [Tier]
    let bytesByTensor: Tensors
    let bytesByLayer: [Tensors]
    let blocks: Blocks?
    let heatmap: Drawing?
  }

  private static let valid = Fixtures.path("conformance/valid/")

  private static func fixtures() throws -> [String] {
    // Their zeros, up to gigabytes, are not in the repository.
    // Passphrases are asked for on a terminal.
    let left = try manifest().fixtures.filter { fixture in
      fixture.insertZeros != nil || fixture.file.contains("as-phrase")
        || (fixture.keys ?? []).contains { !$0.file.hasSuffix(".key") || $0.file.contains("too-") }
    }
    let names = Set(left.map(\.file))
    return try FileManager.default.contentsOfDirectory(atPath: valid).sorted()
      .filter { !names.contains("valid/" + $0) }
      .map { valid + "/" + $0 }
  }

  private struct Manifest: Decodable {
    struct Valid: Decodable {
      struct Needed: Decodable { let file: String }
      struct Zeros: Decodable {}
      let file: String
      let insertZeros: Zeros?
      let parents, keys: [Needed]?
    }
    let fixtures: [Valid]
  }

  private static func manifest() throws -> Manifest {
    try Fixtures.json("conformance/valid.json")
  }

  private static func inspect(_ file: String, _ options: String...) throws -> Command.Result {
    let name = "valid/" + (file.split(separator: "/").last ?? "")
    let all = try manifest().fixtures
    // The keys of a parent are those of a chain that has it.
    let entry =
      all.first { $0.file == name }
      ?? all.first { ($0.parents ?? []).contains { $0.file == name } }
    let keys = entry?.keys ?? []
    return try Command.run(
      ["inspect", file] + options
        + keys.flatMap { ["--key-file", Fixtures.path("conformance/" + $0.file)] })
  }

  private func fixture(_ name: String) -> String { Self.valid + "/" + name }

  @Test("every figure of a snapshot adds up to its file, with --json")
  func figures() throws {
    for file in try Self.fixtures() where file.hasSuffix(".kvsnap") {
      let result = try Self.inspect(file, "--json")
      #expect(result.status == 0, "\(file): \(result.error)")
      let report = try result.json(as: Report.self)
      #expect(report.kind == "snapshot")
      let blocks = report.blocks?.groups.reduce(0) { $0 + $1.storedBytes } ?? 0
      let chunks = report.bytes - report.metadataBytes - blocks
      #expect(report.bytesByTensor.all.storedBytes == chunks)
      #expect(report.bytesByLayer.count == report.layers)
      #expect(report.bytesByLayer.reduce(0) { $0 + $1.all.storedBytes } == chunks)
      #expect(
        report.bytesByLayer.reduce(0) { $0 + $1.keys.rawBytes }
          == report.bytesByTensor.keys.rawBytes)
      var (pairs, prefix) = (0, report.metadataBytes)
      for tier in report.tiers {
        pairs += tier.pairs
        prefix += tier.bytes
        #expect(tier.pairsHeld == pairs)
        // Every ×N needs all blocks.
        #expect(tier.prefixBytes == (report.blocks == nil ? prefix : report.bytes))
      }
      #expect(prefix + blocks == report.bytes)
      if let groups = report.blocks?.groups {
        #expect(groups.reduce(0) { $0 + $1.rawBytes } == report.cacheBytes)
      }
      #expect(report.bytesByTensor.positions.rawBytes == 4 * pairs)
      #expect(report.identity.values.allSatisfy { $0.count == 64 })
      #expect(report.heatmap == nil)
    }
  }

  @Test("a report of any valid file fits 80 columns and holds nothing that steers a terminal")
  func width() throws {
    for file in try Self.fixtures() {
      let result = try Self.inspect(file)
      #expect(result.status == 0, "\(file): \(result.error)")
      let text = String(decoding: result.output, as: UTF8.self)
      for line in text.split(separator: "\n") {
        #expect(line.count <= 80, "\(file): \(line)")
        #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
      }
    }
  }

  @Test(
    "a real essay's report fits 80 columns, and its heat map shows every head in 300 KiB",
    .realModel)
  func realEssay() throws {
    let out = scratch.path("essay.svg")
    let result = try Command.run("inspect", Documents.shared.get().snapshot, "--heatmap", out)
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix(" ") }.allSatisfy { $0.count <= 80 })
    let svg = Data(try bytes(of: out))
    #expect(svg.count < 300 << 10)
    #expect(try DrawnHeatmap(svg, columns: 900).rows.count == 90)
  }

  @Test("keys and values of different precision are told apart")
  func precisions() throws {
    let file = fixture("keys-f16-values-f32.kvsnap")
    let report = try Command.run("inspect", file, "--json").json(as: Report.self)
    #expect((report.keyPrecision, report.valuePrecision) == ("f16", "f32"))
    let text = String(decoding: try Command.run("inspect", file).output, as: UTF8.self)
    #expect(text.contains("keys in f16, values in f32"))
  }

  @Test("--heatmap draws every valid snapshot, the same bytes each time, and says which ×N")
  func heatmap() throws {
    for file in try Self.fixtures() where file.hasSuffix(".kvsnap") {
      let (first, second) = (scratch.path("first.svg"), scratch.path("second.svg"))
      let result = try Self.inspect(file, "--heatmap", first, "--json")
      #expect(result.status == 0, "\(file): \(result.error)")
      let report = try result.json(as: Report.self)
      #expect(report.heatmap?.file == first)
      let isRanked = report.scorer != "unranked" && !file.contains("-of-unranked")
      let usual = isRanked ? max(8, report.tiers.last?.compression ?? 0) : 1
      #expect(report.heatmap?.compression == usual)
      _ = try Self.inspect(file, "--heatmap", second)
      #expect(try bytes(of: first) == bytes(of: second))
      let drawn = try DrawnHeatmap(Data(try bytes(of: first)), columns: 900)
      #expect(drawn.texts.first == "\(file.split(separator: "/").last ?? ""), ×\(usual)")
    }
    #expect(scratch.contents == ["first.svg", "second.svg"])
  }

  @Test("a heat map that cannot be: the documented exit code, one sentence, no file")
  func refusals() throws {
    let out = scratch.path("no.svg")
    let whole = fixture("f16.kvsnap")
    var damaged = try bytes(of: whole)
    let data = try #require(try Directory.read(damaged).last)
    damaged[data.offset + 20] ^= 1
    let broken = try scratch.write("broken.kvsnap", damaged)
    for (arguments, status, part) in [
      ([fixture("filters.qfilt"), "--heatmap", out], 64, "filters.qfilt is a filter bank"),
      ([fixture("statistics.qstat"), "--heatmap", out], 64, "only a snapshot has a heat map"),
      ([fixture("compressed.kvsnap"), "--heatmap", out, "--compression", "4"], 64, "×8 and more"),
      ([whole, "--heatmap", out, "--compression", "0"], 64, "--compression must be from 1"),
      ([whole, "--compression", "8"], 64, "--compression needs --heatmap"),
      ([whole, "--heatmap", scratch.path("no.png")], 64, "must end in .svg"),
      ([whole, "--heatmap", scratch.path("missing/no.svg")], 74, "cannot create"),
      (["/no/such.kvsnap", "--heatmap", out], 66, "/no/such.kvsnap"),
      ([broken, "--heatmap", out], 65, "DATA, tier 0, layer 0, positions"),
    ] as [([String], Int32, String)] {
      let result = try Command.run(["inspect"] + arguments)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(part), "\(arguments): \(result.error)")
      #expect(result.output.isEmpty)
    }
    #expect(scratch.contents == ["broken.kvsnap"])
  }

  @Test(
    "several files: a line each, a list with --json, and the exit code of the first that is broken")
  func several() throws {
    let good = ["f16.kvsnap", "filters.qfilt", "statistics.qstat"].map(fixture)
    let result = try Command.run(["inspect"] + good)
    #expect(result.status == 0, "\(result.error)")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 3)
    for (line, (file, kind)) in zip(lines, zip(good, ["snapshot", "filter bank", "statistics"])) {
      #expect(line.hasPrefix(file) && line.contains("  \(kind)"), "\(line)")
    }
    let bad = try scratch.write("bad\u{1B}.kvsnap", Array("no snapshot".utf8))
    let files = [good[0], bad, scratch.path("missing.kvsnap"), good[1]]
    let mixed = try Command.run(["inspect"] + files)
    #expect(mixed.status == 65)
    let shown = String(decoding: mixed.output, as: UTF8.self).split(separator: "\n")
    #expect(shown.count == 4)
    #expect(shown[1].contains("cannot be read") && shown[2].hasSuffix("missing"))
    #expect(!mixed.output.contains(0x1B))
    #expect(mixed.error.split(separator: "\n").count == 2)
    struct Entry: Decodable { let file: String; let kind, problem: String?; let tokens: Int? }
    struct Report: Decodable { let files: [Entry] }
    let entries = try Command.run(["inspect", "--json"] + files).json(as: Report.self).files
    #expect(entries.map(\.file) == files)
    #expect(entries.map(\.kind) == ["snapshot", nil, nil, "filter bank"])
    #expect(entries[0].tokens != nil && entries[1].problem?.contains("header") == true)
    let drawn = try Command.run(["inspect", "--heatmap", scratch.path("no.svg")] + good)
    #expect(drawn.status == 64)
  }
}
