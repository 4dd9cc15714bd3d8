import CacheCodec
import CacheFormat
import Foundation
import QFilters
import TestSupport
import Testing

@Suite("What kvpress' presses keep, our methods keep")
struct KVPressTests {
  private struct Golden: Decodable {
    struct Model: Decodable {
      let name: String
      let ids: [Int]
      /// In the hub's sign, [layers][heads][elements].
      let filters: [[[Float]]]
      /// In the paper's sign, [layers][query heads][elements].
      let headFilters: [[[Float]]]
      /// Method → [layers][heads][kept positions].
      let kept: [String: [[[UInt32]]]]
    }

    let text: String
    let compression: Int
    let models: [Model]
  }

  @Test("in every layer and head of tiny models, to the last pair")
  func kept() throws {
    let golden: Golden = try Fixtures.json("golden/kvpress.json")
    let scratch = try ScratchFolder()
    let (text, snapshot) = (try scratch.write("text", golden.text.utf8), scratch.path("s.kvsnap"))
    for model in golden.models {
      let byFilters = ["q-filters", "q-filters, following", "q-filters, by query head"]
      #expect(Set(byFilters.compactMap { model.kept[$0] }).count == byFilters.count)
      #expect(model.kept.count == 8)
      let imported = try bank(model, in: scratch)
      let whole = try withHeads(model, imported, in: scratch)
      for (name, kept) in model.kept {
        let method = byFilters.contains(name) ? "q-filters" : name
        let isPreset = method != "q-filters" || name == method
        let ranking =
          isPreset
          ? ["--ranking", "kvpress"] : ["--sinks", "0", "--window", "0", "--recent", "0"]
        let bank = name == "q-filters, by query head" ? whole : imported
        let filters = method == "q-filters" ? ["--filters", bank] : []
        let saved = try Command.run(
          [
            "prefill", "--model", Fixtures.path("models/\(model.name)"), "--method", method,
            "--prompt-file", text, "--precision", "f32", "--out", snapshot,
          ] + filters + ranking, environment: ["QFILTERS_KERNELS": "plain"])
        #expect(saved.status == 0, "\(saved.error)")
        let chain = try SnapshotChain(path: snapshot)
        #expect(chain.metadata.tokens.map(Int.init) == model.ids)
        for (layer, heads) in kept.enumerated() {
          let pairs = try chain.readLayer(layer, compression: golden.compression).heads.map(
            \.positions)
          // Equal tokens have keys of equal length in the first layer.
          let areTied = method == "k-norm" && layer == 0
          func places(_ heads: [[UInt32]]) -> [[Int]] {
            heads.map { head in
              areTied ? head.map { model.ids[Int($0)] }.sorted() : head.map(Int.init)
            }
          }
          #expect(places(pairs) == places(heads), "\(model.name), \(name), layer \(layer)")
        }
      }
    }
  }

  /// The model's filters, by way of the hub's layout.
  private func bank(_ model: Golden.Model, in scratch: ScratchFolder) throws -> String {
    let (folder, bank) = (scratch.path("hub-\(model.name)"), scratch.path("\(model.name).qfilt"))
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let shape = [model.filters.count, model.filters[0].count, model.filters[0][0].count]
    let config = ["num_layers", "num_kv_heads", "kv_head_dim"]
    try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: zip(config, shape))).write(
      to: URL(filePath: folder + "/config.json"))
    let values = model.filters.joined().joined().flatMap { Self.bytes(UInt64($0.bitPattern), 4) }
    let header = Array(
      #"{"q_filters":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,\#(values.count)]}}"#.utf8)
    try Data(Self.bytes(UInt64(header.count), 8) + header + values).write(
      to: URL(filePath: folder + "/model.safetensors"))
    let made = try Command.run(
      ["import", folder, "--model", Fixtures.path("models/\(model.name)"), "--out", bank])
    #expect(made.status == 0, "\(made.error)")
    return bank
  }

  /// The same bank with filters of the query heads, which the hub's layout has not.
  private func withHeads(
    _ model: Golden.Model, _ imported: String, in scratch: ScratchFolder
  ) throws -> String {
    let (bank, path) = (try FilterBank(path: imported), scratch.path("\(model.name)-heads.qfilt"))
    let heads = HeadFilters(
      layers: model.headFilters.count, queryHeads: model.headFilters[0].count,
      filters: Array(model.headFilters.joined().joined()))
    _ = try FilterBank(
      identity: bank.identity, shape: bank.shape, filters: bank.filters, heads: heads,
      provenance: bank.provenance
    ).write(to: path)
    return path
  }

  private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}
