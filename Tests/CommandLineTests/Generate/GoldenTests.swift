import COpenBLAS
import Foundation
import Inference
import QFilters
import TestSupport
import Testing
import Workflows

@testable import Inference

@Suite("The command gives what transformers gives in float32", .serialized)
struct GoldenTests {
  @Test(
    "every prompt's ids, with and without special tokens", .realModel,
    arguments: GoldenModel.allCases)
  func ids(model: GoldenModel) throws {
    let golden = try model.golden()
    let scratch = try ScratchFolder()
    for prompt in golden.prompts {
      let file = try scratch.write("prompt.txt", prompt.text.utf8)
      let result = try Command.run(["tokenize", "--model", model.path, "--file", file, "--json"])
      #expect(try result.json(as: Tokenized.self).ids == prompt.idsWithoutSpecials)
    }
    let passage = try Command.run(
      ["tokenize", "--model", model.path, "--file", Demo.essay("love"), "--json"])
    let ids = try golden.specials + passage.json(as: Tokenized.self).ids
    #expect(Array(ids.prefix(16)) == golden.passage.firstIds)
    #expect(Array(ids.prefix(golden.passage.tokens).suffix(16)) == golden.passage.lastIds)
  }

  /// All ISAs but `plain`, which has a run of its own.
  static let isas =
    Runtime.kernels.isa == "plain" ? ["plain"] : Runtime.availableISAs.filter { $0 != "plain" }

  @Test(
    "greedy continuations, with the cache in either precision", .realModel,
    arguments: [(GoldenModel.smollm2, "f16"), (.smollm2, "f32"), (.gemma3, "f16")], Self.isas)
  func greedy(model: (GoldenModel, String), isa: String) throws {
    let (model, precision) = model
    let scratch = try ScratchFolder()
    for prompt in try model.golden().prompts {
      let file = try scratch.write("prompt.txt", prompt.text.utf8)
      let result = try Command.run(
        [
          "generate", "--model", model.path, "--prompt-file", file, "--max-tokens", "24",
          "--precision", precision, "--json",
        ], environment: ["QFILTERS_KERNELS": isa])
      let generated = try result.json(as: Generated.self)
      #expect(generated.ids == prompt.greedy24, "\(prompt.text)")
      #expect(generated.promptTokens == prompt.ids.count)
    }
  }

  /// Products of bfloat16 round their inputs by up to 2^-9, a hundred times what separates two
  /// machines in float32. Over a passage the roundings cancel: a few thousandths are left.
  @Test(
    "the passage's mean negative log-likelihood", .realModel, arguments: GoldenModel.allCases,
    Self.isas)
  func likelihood(model: GoldenModel, isa: String) throws {
    let passage = try model.golden().passage
    let result = try Command.run(
      [
        "evaluate", "perplexity", "--model", model.path, "--file", Demo.essay("love"), "--tokens",
        "\(passage.tokens)", "--json",
      ], environment: ["QFILTERS_KERNELS": isa])
    let scored = try result.json(as: Scored.self)
    let tolerance = isa == "avx512bf16" ? 0.003 : 0.0001
    #expect(abs(scored.meanNegativeLogLikelihood - passage.meanNegativeLogLikelihood) < tolerance)
    #expect(scored.tokens == passage.tokens)
    #expect(abs(scored.perplexity - exp(scored.meanNegativeLogLikelihood)) < 1e-9)
  }

  @Test("OpenBLAS runs on kernels that fit the processor, on a machine that says nothing about it")
  func kernels() throws {
    let result = try Command.run(
      [
        "generate", "--model", Fixtures.path("models/tiny-llama-f32.gguf"), "--prompt", "a",
        "--max-tokens",
        "1", "--json",
      ], environment: ["OPENBLAS_CORETYPE": nil, "OPENBLAS_L2_SIZE": nil])
    let preferred = unsafe openblas_preferred_core().map { unsafe String(cString: $0) }
    if let preferred { #expect(try result.json(as: Generated.self).blas == preferred) }
  }

  @Test(
    "Q-Filters by the authors' recipe equal the hub's, whose sign is the opposite one", .realModel)
  func filters() throws {
    let bank = try FilterBank(path: Documents.shared.get().filters)
    #expect(bank.shape == FilterShape(layers: 30, kvHeads: 3, headLength: 64))
    let hub = try HubFilters.read(Fixtures.path("golden/smollm2-hub-filters/model.safetensors"))
    try #require(hub.count == bank.filters.count)
    for start in stride(from: 0, to: hub.count, by: 64) {
      let (ours, theirs) = (bank.filters[start..<start + 64], hub[start..<start + 64].map { -$0 })
      let product = zip(ours, theirs).reduce(Float(0)) { $0 + $1.0 * $1.1 }
      let norms = [Array(ours), theirs].map { $0.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot() }
      #expect(product / norms[0] / norms[1] >= 0.999, "filter \(start / 64)")
    }
  }

  @Test("two runs of precompute write identical bytes", .realModel)
  func determinism() throws {
    let scratch = try ScratchFolder()
    for name in ["a.qfilt", "b.qfilt"] {
      let result = try Command.run(
        [
          "precompute", "--model", Demo.model, "--corpus", Demo.essay("love"), "--sequences", "2",
          "--length",
          "600", "--out", scratch.path(name),
        ])
      #expect(result.status == 0, "\(result.error)")
    }
    #expect(try bytes(of: scratch.path("a.qfilt")) == bytes(of: scratch.path("b.qfilt")))
  }
}

/// The one tensor of a hub file, read without checks: a test's own fixture.
enum HubFilters {
  static func read(_ path: String) throws -> [Float] {
    let file = try bytes(of: path)
    let headerLength = (0..<8).reduce(0) { $0 | Int(file[$1]) << (8 * $1) }
    let data = file[(8 + headerLength)...]
    return stride(from: data.startIndex, to: data.endIndex, by: 4).map { start in
      Float(
        bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(data[start + $1]) << UInt32(8 * $1) })
    }
  }
}
