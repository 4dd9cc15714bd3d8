import ByteIO
import TestSupport
import Testing

@testable import Workflows

@Suite("Q-Filters in the hub's layout")
struct HubFiltersTests {
  private let golden = Fixtures.path("golden/smollm2-hub-filters")
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test("what is read is written again, byte for byte")
  func roundTrip() throws {
    let filters = try HubFilters(folder: golden)
    #expect((filters.layers, filters.kvHeads, filters.headLength) == (30, 3, 64))
    #expect(filters.values.count == 5760)
    let folder = scratch.path("made")
    for _ in 0..<2 {  // the second time the folder is there
      try filters.write(to: folder, card: "What it is.\n")
      for name in ["config.json", "model.safetensors"] {
        #expect(try bytes(of: "\(folder)/\(name)") == bytes(of: "\(golden)/\(name)"))
      }
    }
    #expect(try HubFilters(folder: folder) == filters)
  }

  @Test("a header that needs padding is read by ourselves, and the values are aligned")
  func padding() throws {
    for layers in [1, 10, 100, 1000] {
      let filters = HubFilters(
        layers: layers, kvHeads: 1, headLength: 2,
        values: (0..<layers * 2).map { $0 == 3 ? -0.0 : Float($0) })
      let folder = scratch.path("padded")
      try filters.write(to: folder, card: "What it is.\n")
      #expect(try bytes(of: "\(folder)/model.safetensors")[0] % 8 == 0)
      #expect(
        try HubFilters(folder: folder).values.map(\.bitPattern) == filters.values.map(\.bitPattern))
    }
  }

  private func error(config: String, _ weights: [UInt8]) throws -> any Error {
    _ = try scratch.write("config.json", config.utf8)
    _ = try scratch.write("model.safetensors", weights)
    return try #require(
      #expect(throws: (any Error).self) { try HubFilters(folder: scratch.path("")) })
  }

  @Test("a configuration and a tensor that do not fit, or one that is missing")
  func rejections() throws {
    let config = #"{"kv_head_dim":2,"num_kv_heads":1,"num_layers":1}"#
    func weights(
      _ name: String = "q_filters", _ type: String = "F32", _ shape: [Int] = [1, 1, 2],
      _ values: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
    ) -> [UInt8] {
      RawSafetensors.file(
        "{" + RawSafetensors.entry(name, type, shape, 0, values.count) + "}", values)
    }
    for (config, weights, problem) in [
      (config, weights("filters"), "tensor q_filters: it is missing"),
      (
        config, weights("q_filters", "F32", [2]),
        "its shape is [2] where config.json says [1, 1, 2]"
      ),
      (
        config, weights("q_filters", "F32", [1, 1, 2], [0, 0, 0, 0, 0, 0, 0xC0, 0x7F]), "not finite"
      ),
      (config, weights("q_filters", "F16", [1, 1, 4]), "tensor type F16 of q_filters"),
      (config, weights("q_filters", "F64", [1, 1, 1]), "tensor type F64 of q_filters"),
      ("{}", weights(), "num_layers is missing"),
      (config.replacing(":2", with: ":8193"), weights(), "kv_head_dim is outside 1 … 8192"),
    ] {
      let error = try error(config: config, weights)
      #expect("\(error)".contains(problem), "\(error)")
    }
    let missing = #expect(throws: SystemError.self) { try HubFilters(folder: "/no/such") }
    #expect(missing?.isMissingInput == true)
    let file = try scratch.write("file", [])
    let blocked = #expect(throws: SystemError.self) {
      try HubFilters(layers: 1, kvHeads: 1, headLength: 1, values: [1]).write(to: file, card: "")
    }
    #expect(blocked?.operation == "create")
  }
}
