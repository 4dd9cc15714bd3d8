import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("Turns that were saved one by one become one snapshot, as if they were one context")
struct FlattenTests {
  private let scratch: ScratchFolder
  private let tiny: TinyFiles
  private static let (layers, kvHeads) = (2, 2)

  init() throws {
    scratch = try ScratchFolder()
    tiny = try TinyFiles.shared.get()
  }

  /// Twenty tokens.
  private static let line = "A line of text to be kept.\n"

  /// The last of some turns of less than 64 tokens, behind so many lines.
  private func converse(
    lines: Int = 1, turns: Int = 8, root: [String] = [], options: [[String]] = [[]]
  ) throws -> String {
    let text = try scratch.write("t.txt", String(repeating: Self.line, count: lines).utf8)
    var snapshot = scratch.path("0.kvsnap")
    try run(
      ["prefill", "--model", tiny.model, "--method", "k-norm", "--prompt-file", text, "--out"]
        + [snapshot] + root)
    for turn in 0..<turns {
      let child = scratch.path("\(turn + 1).kvsnap")
      try run(
        ["resume", snapshot, "--model", tiny.model, "--prompt", Self.line, "--max-tokens", "4"]
          + ["--save", child] + options[turn % options.count])
      #expect(try SnapshotReader(path: child).metadata.tiers.tokens < 64)
      snapshot = child
    }
    return snapshot
  }

  @discardableResult private func run(_ arguments: [String]) throws -> Command.Result {
    let result = try Command.run(arguments)
    try #require(result.status == 0, "\(arguments): \(result.error)")
    return result
  }

  private func flatten(_ snapshot: String, _ options: String...) throws -> String {
    let flat = scratch.path("flat.kvsnap")
    try run(["recompress", snapshot, "--out", flat] + options)
    return flat
  }

  private func recalledPairs(_ snapshot: String) throws -> Int {
    try run(
      ["resume", snapshot, "--model", tiny.model, "--prompt", " x", "--recall", "32", "--json"]
        + ["--max-tokens", "1"]
    ).json(as: Resumed.self).pairs
  }

  @Test("short turns: ×32 of the one snapshot holds what it holds of any context of that length")
  func shortTurns() throws {
    let flat = try SnapshotChain(path: flatten(converse()))
    let tokens = flat.metadata.context.tokens
    #expect(tokens > 200)
    #expect(
      flat.metadata.tiers
        == TierTable(
          scorer: .kNorm, sinks: 4, window: 64, layers: Self.layers, kvHeads: Self.kvHeads,
          tokens: tokens, floors: Array(repeating: 4 + 64, count: Self.layers * Self.kvHeads),
          compression: 1))
    let protected = Array<UInt32>(0..<4) + Array(UInt32(tokens) - 64..<UInt32(tokens))
    for layer in 0..<Self.layers {
      for kept in try flat.readPositions(layer: layer, compression: 32) {
        #expect(kept == protected)
      }
    }
  }

  @Test("recall counts all of short turns, and one short context, as it counts a long one")
  func recall() throws {
    for turns in [0, 8] {
      let chain = try converse(turns: turns)
      let tokens = try SnapshotReader(path: chain).metadata.context.tokens
      for snapshot in [chain, try flatten(chain)] {
        let pairs = try recalledPairs(snapshot)
        // The prompt's few tokens come on top.
        #expect(pairs <= Self.layers * Self.kvHeads * (max(1, tokens / 32) + 8), "\(turns) turns")
      }
    }
  }

  @Test("a layer that was asked to stay whole does, whatever is made of it")
  func wholeLayers() throws {
    let chain = try converse(lines: 8, turns: 3, root: ["--whole-layers", "1"])
    let flat = try SnapshotReader(path: flatten(chain)).metadata
    let tokens = flat.context.tokens
    for head in 0..<Self.kvHeads {
      #expect(flat.tiers.floor(layer: 0, head: head) == tokens)
      #expect(flat.tiers.floor(layer: 1, head: head) == 4 + 64)
    }
    for snapshot in [chain, scratch.path("flat.kvsnap")] {
      let pairs = try recalledPairs(snapshot)
      #expect(pairs >= Self.kvHeads * tokens)
      #expect(pairs <= Self.kvHeads * (tokens + tokens / 32 + 16))
    }
  }

  @Test(
    "quantised turns: the same values, bit for bit, in more room",
    arguments: ["int8", "8:f16,int4", "int4"])
  func quantised(precision: String) throws {
    let chain = try converse(lines: 8, root: ["--precision", precision])
    let flat = try flatten(chain)
    #expect(
      try run(["verify", "--digests", flat]).output == run(["verify", "--digests", chain]).output)
    let reader = try SnapshotReader(path: flat)
    for tier in 0..<reader.metadata.tiers.tierCount {
      for tensor in [ChunkTable.Tensor.keys, .values] {
        #expect(reader.codec(of: tensor, tier: tier) == .float16)
      }
    }
  }

  @Test(
    "with --precision they are quantised as is asked, from what they were decoded to",
    arguments: [
      ("int8", "int8", ElementCodec.int8, 0.02), ("int8", "int4", .int4, 0.3),
      ("int4", "int8", .int8, 0.02), ("int8", "f16", .float16, 0),
    ] as [(String, String, ElementCodec, Float)])
  func requantised(old: String, new: String, codec: ElementCodec, bound: Float) throws {
    let path = try converse(lines: 8, root: ["--precision", old])
    let chain = try SnapshotChain(path: path)
    let flat = try SnapshotChain(path: flatten(path, "--precision", new))
    for tier in 0..<flat.metadata.tiers.tierCount {
      #expect(flat.last.codec(of: .keys, tier: tier) == codec)
      #expect(flat.last.codec(of: .values, tier: tier) == codec)
    }
    for layer in 0..<Self.layers {
      let (old, new) = (try chain.readStoredLayer(layer), try flat.readStoredLayer(layer))
      for (old, new) in zip(old.heads, new.heads) {
        #expect(new.positions == old.positions)
        #expect(Self.error(new.keys, old.keys) <= bound)
        #expect(Self.error(new.values, old.values) <= bound)
      }
    }
  }

  /// The length of the difference, relative to that of the old.
  private static func error(_ new: [UInt8], _ old: [UInt8]) -> Float {
    let (new, old) = (ElementCodec.float16.floats(new), ElementCodec.float16.floats(old))
    let difference = zip(new, old).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / old.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  private struct Inspected: Decodable { let scorer, provenance: String }

  private func inspect(_ snapshot: String) throws -> Inspected {
    try run(["inspect", snapshot, "--json"]).json()
  }

  @Test(
    "turns that hold less than the context they go on from need a compression that all hold: 64 without"
  )
  func ratios() throws {
    let chain = try converse(
      lines: 8, turns: 1, root: ["--compression", "8"], options: [["--compression", "8"]])
    let out = scratch.path("none.kvsnap")
    let refused = try Command.run("recompress", chain, "--out", out)
    #expect(refused.status == 64)
    for part in [chain, "×8", "×1 in", "--compression 8"] {
      #expect(refused.error.contains(part), "\(refused.error)")
    }
    #expect(!scratch.contents.contains("none.kvsnap"))
    #expect(
      try SnapshotReader(path: flatten(chain, "--compression", "8")).metadata.tiers.ratios.last == 8
    )
  }

  @Test("turns that were ranked in several ways need one that ranks all of them: 64 without")
  func rankings() throws {
    let chain = try converse(turns: 1, options: [["--filters", tiny.filters]])
    let out = scratch.path("none.kvsnap")
    let refused = try Command.run("recompress", chain, "--out", out)
    #expect(refused.status == 64)
    for part in [chain, "0.kvsnap", "k-norm", "q-filters", "--method"] {
      #expect(refused.error.contains(part), "\(refused.error)")
    }
    #expect(!scratch.contents.contains("none.kvsnap"))
    #expect(try inspect(flatten(chain, "--method", "k-norm")).scorer == "k-norm")
    let filtered = try flatten(chain, "--method", "q-filters", "--filters", tiny.filters)
    #expect(try inspect(filtered).scorer == "q-filters")
  }

  @Test("a turn says which pairs it and those before it went on with, and so does the one snapshot")
  func attendedTo() throws {
    let recall = ["--recall", "8"]
    let chain = try converse(
      turns: 5, options: [[], ["--compression", "8"], recall, recall + ["--reach", "99"]])
    let names = ["the whole cache", "×8", "recall ×8", "recall ×8, reach 99"]
    func list(_ names: [String]) -> String {
      "\"attendedTo\":[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }
    #expect(try !inspect(scratch.path("0.kvsnap")).provenance.contains("attendedTo"))
    for turn in 1...5 {
      let provenance = try inspect(scratch.path("\(turn).kvsnap")).provenance
      #expect(provenance.contains(list(Array(names.prefix(turn)))), "\(provenance)")
    }
    for options in [[], ["--method", "keydiff"]] {
      let flat = scratch.path("flat.kvsnap")
      try run(["recompress", chain, "--out", flat] + options)
      #expect(try inspect(flat).provenance.contains(list(names)))
    }
  }
}
