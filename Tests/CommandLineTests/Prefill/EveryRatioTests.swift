import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("×N of a whole snapshot is the cache of one that was made at ×N")
struct EveryRatioTests {
  private static let models = ["tiny-llama-f32", "tiny-gemma3", "tiny-gemma2"]

  /// What a snapshot is made of.
  private struct Shape: CustomStringConvertible {
    let model, method: String
    let characters, sinks, window, wholeLayers, recent: Int
    let precision: String

    init(_ method: String, random: inout SeededGenerator) {
      self.method = method
      model = EveryRatioTests.models.randomElement(using: &random) ?? EveryRatioTests.models[0]
      characters = .random(in: 90...320, using: &random)
      sinks = .random(in: 0...6, using: &random)
      window = .random(in: 0...20, using: &random)
      wholeLayers = .random(in: 0...1, using: &random)
      recent = [0, 2, 4].randomElement(using: &random) ?? 0
      precision = ["f16", "f32", "bf16"].randomElement(using: &random) ?? "f16"
    }

    var description: String {
      "\(method), \(model), \(characters) characters, sinks \(sinks), window \(window), "
        + "whole layers "
        + "\(wholeLayers), recent \(recent), \(precision)"
    }

    func prefill(_ text: String, filters: String?, out: String) -> [String] {
      let ranking = ["--sinks", "\(sinks)", "--window", "\(window)", "--recent", "\(recent)"]
      return [
        "prefill", "--model", Fixtures.path("models/\(model).gguf"), "--prompt-file", text,
        "--method", method, "--whole-layers", "\(wholeLayers)", "--precision", precision, "--out",
        out,
      ] + ranking + (filters.map { ["--filters", $0] } ?? [])
    }
  }

  @Test(
    "for every N and lossless precision, whatever ranks, on random shapes", .exhaustive,
    arguments: ScorerID.methods)
  func identical(scorer: ScorerID) throws {
    let folder = try ScratchFolder()
    let (whole, made) = (folder.path("whole.kvsnap"), folder.path("made.kvsnap"))
    var random = SeededGenerator(seed: UInt64(scorer.rawValue))
    let ratios = (1...64).shuffled(using: &random)
    for start in stride(from: 0, to: ratios.count, by: 16) {
      let shape = Shape(scorer.name, random: &random)
      let letters = (0..<shape.characters).map { _ in
        UInt8(ascii: "a") + UInt8.random(in: 0..<26, using: &random)
      }
      let text = try folder.write("text.txt", letters)
      let filters =
        [.qFilters, .linear].contains(scorer)
        ? try folder.filters(
          of: Fixtures.path("models/\(shape.model).gguf"), corpus: text,
          learnsBudgets: scorer == .linear || Bool.random(using: &random)) : nil
      let all = try Command.run(shape.prefill(text, filters: filters, out: whole))
      try #require(all.status == 0, "\(shape): \(all.error)")
      for compression in ratios[start..<start + 16] {
        let one = try Command.run(
          shape.prefill(text, filters: filters, out: made) + ["--compression", "\(compression)"])
        #expect(one.status == 0, "\(shape): \(one.error)")
        try expectEqual(whole, made, compression, "\(shape), ×\(compression)")
      }
    }
  }

  private func expectEqual(_ whole: String, _ made: String, _ compression: Int, _ what: String)
    throws
  {
    let (whole, made) = (try SnapshotChain(path: whole), try SnapshotChain(path: made))
    for layer in 0..<whole.metadata.context.layers {
      let prefix = try whole.readLayer(layer, compression: compression).heads
      let own = try made.readLayer(layer, compression: compression).heads
      let stored = try made.readStoredLayer(layer).heads
      for (a, b) in zip(prefix, own) {
        #expect(a.positions == b.positions && a.ranking == b.ranking, "\(what)")
        #expect(a.keys == b.keys && a.values == b.values, "\(what)")
      }
      #expect(own.map(\.positions) == stored.map(\.positions), "\(what): it holds no more")
    }
  }
}
