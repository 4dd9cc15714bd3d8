import ByteIO
import Foundation
import TestSupport
import Testing
import Tokenization

@testable import ModelFiles

@Suite("GGUF files")
struct GGUFTests {
  @Test("a llama model's description, vocabulary and tensors are read")
  func reads() throws {
    let model = try ModelFile(path: Fixtures.path("models/tiny-llama-q4_1.gguf"))
    let architecture = model.architecture
    #expect(architecture.name == "llama")
    #expect(architecture.layers == 3)
    #expect(architecture.embeddingLength == 64)
    #expect(architecture.feedForwardLength == 96)
    #expect(architecture.queryHeads == 4)
    #expect(architecture.kvHeads == 2)
    #expect(architecture.keyLength == 16)
    #expect(architecture.contextLength == 512)
    #expect(architecture.rope.base == 10_000)
    #expect(architecture.rope.dimensions == 16)
    #expect(model.vocabulary.tokens.count == 287)
    #expect(model.vocabulary.preTokenizer == "smollm")
    let tensor = try model.tensor("blk.0.attn_q.weight", shape: [64, 64])
    #expect(tensor.type == .q4_1)
    #expect(tensor.interleavedHeadLength == 16)
  }

  @Test("interleaved rows are found in half-split order")
  func rowOrder() throws {
    let model = try ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf"))
    let tensor = try model.tensor("blk.0.attn_k.weight", shape: [32, 64])
    #expect(
      (0..<16).map(tensor.storedRow) == [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15])
    #expect(tensor.storedRow(24) == 17)
  }

  @Test("a tensor of another shape, or none, is rejected by name")
  func tensorShape() throws {
    let model = try ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf"))
    let wrong = #expect(throws: MalformedFile.self) {
      try model.tensor("output_norm.weight", shape: [65])
    }
    #expect(wrong?.description.contains("tensor output_norm.weight: its shape is [64]") == true)
    let missing = #expect(throws: MalformedFile.self) { try model.tensor("blk.9.x", shape: [1]) }
    #expect(missing?.section == "tensor blk.9.x")
  }

  @Test("an unknown architecture is rejected by name")
  func unknownArchitecture() throws {
    let error = try rejection { bytes in
      let value = try #require(
        bytes.firstRange(of: Array("llama".utf8), after: "general.architecture"))
      bytes.replaceSubrange(value, with: Array("mamba".utf8))
    }
    #expect((error as? UnsupportedModel)?.what == "architecture mamba")
    #expect("\(error)".contains("supported: llama"))
  }

  @Test("an unknown key of the architecture is rejected by its name")
  func unknownKey() throws {
    for (key, other, what) in [
      ("llama.vocab_size", "llama.vocab_sizf", "metadata key llama.vocab_sizf"),
      ("rope.dimension_count", "rope.dimension_cound", "metadata key llama.rope.dimension_cound"),
    ] {
      let error = try rejection { try Self.replace(key, other, in: &$0) }
      #expect((error as? UnsupportedModel)?.what == what)
    }
    let error = try rejection("tiny-yarn-rope.gguf") { bytes in
      let value = try #require(bytes.firstRange(of: Array("yarn".utf8), after: "scaling.type"))
      bytes.replaceSubrange(value, with: Array("yard".utf8))
    }
    #expect((error as? UnsupportedModel)?.what == "RoPE scaling yard")
  }

  @Test("RoPE's factors are one positive number for each pair, and there are both kinds")
  func ropeFactors() throws {
    let missing = try rejection("tiny-phi3.gguf") {
      try Self.replace("rope_factors_short", "rope_factors_shorx", in: &$0)
    }
    #expect((missing as? MalformedFile)?.section == "tensor rope_factors_long.weight")
    // Two of the factors, 1.1 and 1.3 as float32.
    let negative = try rejection("tiny-phi3.gguf") { bytes in
      let range = try #require(
        bytes.firstRange(of: [0xCD, 0xCC, 0x8C, 0x3F, 0x66, 0x66, 0xA6, 0x3F]))
      bytes[range.lowerBound + 3] |= 0x80
    }
    #expect((negative as? MalformedFile)?.problem == "a factor is no positive number")
  }

  @Test("factors of LongRoPE next to another scaling are rejected")
  func longRoPENextToLinear() throws {
    let error = try rejection("tiny-phi3.gguf") {
      $0.insert(number: 2, at: "phi3.rope.scaling.factor")
    }
    let what = "tensor rope_factors_short.weight next to RoPE scaling linear"
    #expect((error as? UnsupportedModel)?.what == what)
  }

  @Test("converters write the original context even where no scaling needs it")
  func contextWithoutScaling() throws {
    var file = try bytes(of: Fixtures.path("models/tiny-llama-f32.gguf"))
    let plain = try ModelFile(path: Fixtures.path("models/tiny-llama-f32.gguf")).architecture
    file.insert(number: 512, at: "llama.rope.scaling.original_context_length")
    let scratch = try ScratchFolder()
    let path = try scratch.write("plain.gguf", file)
    #expect(try ModelFile(path: path).architecture.rope == plain.rope)
  }

  @Test("YaRN's attention factor has the meaning of llama.cpp and its converter")
  func yarnMagnitude() throws {
    let usual = Float(0.1 * log(8) + 1)
    let scratch = try ScratchFolder()
    for (key, value, factor) in [
      ("attn_factor", 0.5, usual * 0.5), ("yarn_attn_factor", 0.7, 0.7),
      ("yarn_ext_factor", 1, usual),
      // config.json's attn_factor, which transformers ignores.
      ("yarn_attn_factor", 1 / usual, usual), ("yarn_beta_fast", 32, usual),
    ] as [(String, Float, Float)] {
      var file = try bytes(of: Fixtures.path("models/tiny-yarn-rope.gguf"))
      file.insert(number: value, at: "llama.rope.scaling.\(key)")
      let path = try scratch.write("yarn.gguf", file)
      #expect(try ModelFile(path: path).architecture.rope.attentionFactor == factor, "\(key)")
    }
    let part = try rejection("tiny-yarn-rope.gguf") {
      $0.insert(number: 0.5, at: "llama.rope.scaling.yarn_ext_factor")
    }
    #expect((part as? UnsupportedModel)?.what == "rope.scaling.yarn_ext_factor 0.5")
  }

  @Test("without an original context, the model's own one counts")
  func firstContext() throws {
    var file = try bytes(of: Fixtures.path("models/tiny-yarn-rope.gguf"))
    let (key, other) = ("llama.rope.scaling.original_context_length", "general.xxxx")
    try Self.replace(key, other + String(repeating: "x", count: key.count - other.count), in: &file)
    let scratch = try ScratchFolder()
    let model = try ModelFile(path: scratch.write("yarn.gguf", file)).architecture
    var expected = RoPE(base: 10_000, dimensions: 8)
    expected.scale(RoPE.YaRN(factor: 8, context: 512))
    #expect(model.rope == expected)
  }

  private static func replace(_ text: String, _ other: String, in bytes: inout [UInt8]) throws {
    let range = try #require(bytes.firstRange(of: Array(text.utf8)))
    bytes.replaceSubrange(range, with: Array(other.utf8))
  }

  @Test("a tensor type that is not supported is rejected by name")
  func unknownTensorType() throws {
    let error = try rejection { $0.setType(of: "blk.0.attn_v.weight", to: 23) }
    #expect((error as? UnsupportedModel)?.what == "tensor type IQ4_XS of blk.0.attn_v.weight")
  }

  @Test("rows that are no whole blocks are rejected with the length of a block")
  func partialBlocks() throws {
    let error = try rejection { $0.setType(of: "blk.0.attn_v.weight", to: 12) }
    #expect((error as? MalformedFile)?.section == "tensor blk.0.attn_v.weight")
    #expect("\(error)".contains("rows of 64 values are no whole blocks of Q4_K, which have 256"))
  }

  @Test("another version of GGUF, and another kind of file, are rejected")
  func otherFiles() throws {
    let version = try rejection { $0[4] = 2 }
    #expect((version as? UnsupportedModel)?.what == "GGUF version 2")
    let magic = try rejection { $0[0] = 0 }
    #expect("\(magic)".contains("not a GGUF file"))
    let empty = try rejection { $0 = [] }
    #expect(empty is MalformedFile)
  }

  @Test("an epsilon that no float32 can hold is rejected")
  func epsilon() throws {
    let key = "llama.attention.layer_norm_rms_epsilon"
    for epsilon in [1e300, 1e-300] {
      let error = try rejection { bytes in
        let value = try #require(bytes.firstRange(of: [6, 0, 0, 0], after: key)).lowerBound
        let number = (0..<8).map { UInt8(truncatingIfNeeded: epsilon.bitPattern >> (8 * $0)) }
        bytes.replaceSubrange(value..<value + 8, with: [12, 0, 0, 0] + number)
        // The tensors may begin one alignment later.
        bytes += [UInt8](repeating: 0, count: 32)
      }
      #expect("\(error)".contains("\(key) is no positive float32"))
    }
  }

  @Test("a file that is cut short anywhere is rejected")
  func truncation() throws {
    let whole = try bytes(of: Fixtures.path("models/tiny-llama-q4_0.gguf"))
    let scratch = try ScratchFolder()
    for length in Array(stride(from: 0, to: whole.count, by: 97)) + [whole.count - 1] {
      let path = try scratch.write("cut.gguf", whole[..<length])
      #expect(throws: (any Error).self, "\(length) bytes") { try ModelFile(path: path) }
    }
  }

  @Test("changed bytes are read or rejected, but never trap")
  func mutations() throws {
    let whole = try bytes(of: Fixtures.path("models/tiny-llama-q4_0.gguf"))
    let scratch = try ScratchFolder()
    var random = SeededGenerator(seed: 11)
    for _ in 0..<3_000 {
      var changed = whole
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        changed[Int.random(in: 0..<20_000, using: &random)] = .random(in: 0...255, using: &random)
      }
      let path = try scratch.write("changed.gguf", changed)
      do { _ = try ModelFile(path: path) } catch is MalformedFile {} catch is UnsupportedModel {}
    }
  }

  private func rejection(
    _ model: String = "tiny-llama-f32.gguf", _ change: (inout [UInt8]) throws -> Void
  ) throws -> any Error {
    var changed = try bytes(of: Fixtures.path("models/\(model)"))
    try change(&changed)
    let scratch = try ScratchFolder()
    let path = try scratch.write("changed.gguf", changed)
    return try #require(#expect(throws: (any Error).self) { try ModelFile(path: path) })
  }
}

extension [UInt8] {
  /// Adds a float32 to a GGUF file's metadata, and a text that fills up to the tensors' alignment.
  fileprivate mutating func insert(number: Float, at key: String) {
    func entry(_ key: String, type: UInt32, _ value: [UInt8]) -> [UInt8] {
      RawContainer.field(UInt64(key.utf8.count)) + key.utf8 + RawContainer.field(type) + value
    }
    func text(_ count: Int) -> [UInt8] {
      entry(
        "general.filler", type: 8,
        RawContainer.field(UInt64(count)) + [UInt8](repeating: 0x78, count: count))
    }
    let added = entry(key, type: 6, RawContainer.field(number.bitPattern))
    let rest = (32 - (added.count + text(0).count) % 32) % 32
    insert(contentsOf: added + text(rest), at: 24)
    self[16] += 2
  }

  /// The position of the first `needle` after the first `mark`.
  fileprivate func firstRange(of needle: [UInt8], after mark: String) -> Range<Int>? {
    guard let start = firstRange(of: Array(mark.utf8))?.upperBound else { return nil }
    return self[start...].firstRange(of: needle)
  }
}
