import Foundation
import TestSupport
import Testing

@Suite("Calibration in shards", .serialized)
struct ShardTests {
  private let scratch: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write(
      "text.txt", (1...60).map { "Line \($0) of a text, and \($0 * $0 % 97) more.\n" }.joined().utf8
    )
  }

  private func precompute(
    _ out: String, sequences: Int = 11, shard: String? = nil, model: String? = nil
  ) throws -> Command.Result {
    try Command.run(
      [
        "precompute", "--model", model ?? self.model, "--corpus", text, "--sequences",
        "\(sequences)", "--length", "40", "--out", scratch.path(out), "--json",
      ] + (shard.map { ["--shard", $0] } ?? []))
  }

  private func merge(_ files: [String], _ out: String) throws -> Command.Result {
    try Command.run(["merge"] + files.map(scratch.path) + ["--out", scratch.path(out), "--json"])
  }

  private struct Report: Decodable { let tokens: Int }

  @Test("merged in any order they are byte for byte what one run writes, for N in 1, 2 and 7")
  func merging() throws {
    #expect(try precompute("one.qfilt").status == 0)
    #expect(try precompute("one.qstat").status == 0)
    let whole = try bytes(of: scratch.path("one.qfilt"))
    for count in [1, 2, 7] {
      var tokens = 0
      for index in 1...count {
        let result = try precompute("s\(index).qstat", shard: "\(index)/\(count)")
        tokens += try result.json(as: Report.self).tokens
      }
      #expect(tokens == 440)
      let names = (1...count).map { "s\($0).qstat" }
      for order in [names, names.reversed(), names.shuffled()] {
        let merged = try merge(order, "m.qfilt")
        #expect(try merged.json(as: Report.self).tokens == 440)
        #expect(try bytes(of: scratch.path("m.qfilt")) == whole, "\(order)")
      }
      // Step by step, and statistics too.
      #expect(try merge(Array(names.dropFirst(count / 2)), "half.qstat").status == 0)
      let rest = Array(names.prefix(count / 2))
      #expect(try merge(["half.qstat"] + rest, "all.qstat").status == 0)
      #expect(try bytes(of: scratch.path("all.qstat")) == bytes(of: scratch.path("one.qstat")))
    }
  }

  private func refused(
    _ result: Command.Result, _ status: Int32, _ parts: String..., out: String = "no.qfilt"
  ) {
    #expect(result.status == status, "\(result.error)")
    for part in parts { #expect(result.error.contains(part), "\(result.error)") }
    #expect(!scratch.contents.contains(out))
  }

  @Test("a missing shard, one that is given twice, another recipe, another model: named, no file")
  func refusals() throws {
    for index in 1...3 {
      #expect(try precompute("s\(index).qstat", shard: "\(index)/3").status == 0)
    }
    refused(
      try merge(["s1.qstat", "s3.qstat"], "no.qfilt"), 1,
      "sequences 2, 5, 8, 11 are missing, of 11 in all",
      "compute --shard 2/3 and")
    refused(
      try merge(["s1.qstat", "s2.qstat", "s1.qstat"], "no.qfilt"), 1, "s1.qstat",
      "sequences 1, 4, 7, 10 are summed in another file already")
    #expect(try precompute("other.qstat", sequences: 10, shard: "2/3").status == 0)
    refused(
      try merge(["s1.qstat", "other.qstat"], "no.qfilt"), 1, "other.qstat", "other sequences")
    let f16 = Fixtures.path("models/tiny-llama-f16.gguf")
    #expect(try precompute("f16.qstat", shard: "2/3", model: f16).status == 0)
    refused(
      try merge(["s1.qstat", "f16.qstat"], "no.qfilt"), 78, "f16.qstat",
      "identity mismatch: different weights")
    refused(try merge(["s1.qstat", "none.qstat"], "no.qfilt"), 66, "none.qstat")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("conformance/valid/statistics.qstat"), toPath: scratch.path("old.qstat")
    )
    refused(try merge(["old.qstat"], "no.qfilt"), 1, "old.qstat", "does not say which sequences")
    refused(try merge(["s1.qstat"], "no.bin"), 64, ".qfilt or .qstat", out: "no.bin")
  }

  @Test("a shard that cannot be: 64")
  func usage() throws {
    for (out, shard) in [
      ("no.qfilt", "1/2"), ("no.qstat", "0/2"), ("no.qstat", "3/2"), ("no.qstat", "2"),
      ("no.qstat", "1/12"), ("no.qstat", "1/2/3"),
    ] { refused(try precompute(out, shard: shard), 64, out: out) }
  }
}
