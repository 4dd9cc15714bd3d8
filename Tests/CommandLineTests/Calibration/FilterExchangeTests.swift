import CacheFormat
import Foundation
import QFilters
import TestSupport
import Testing

@Suite("Q-Filters go to the hub's layout and come from it", .serialized)
struct FilterExchangeTests {
  private let golden = Fixtures.path("golden/smollm2-hub-filters")
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test(
    "the authors' filters become a filter bank that agrees with our own, and go back unchanged",
    .realModel)
  func hub() throws {
    let bank = scratch.path("hub.qfilt")
    let imported = try Command.run([
      "import", golden, "--model", Demo.model, "--out", bank, "--json",
    ])
    struct Report: Decodable { let layers, kvHeads, headLength, bytes: Int }
    let report = try imported.json(as: Report.self)
    #expect((report.layers, report.kvHeads, report.headLength) == (30, 3, 64))
    #expect(report.bytes == (try bytes(of: bank)).count)
    let (theirs, ours) = (
      try FilterBank(path: bank), try FilterBank(path: Documents.shared.get().filters)
    )
    #expect(theirs.identity == ours.identity)
    for start in stride(from: 0, to: theirs.filters.count, by: 64) {
      let range = start..<start + 64
      #expect(Self.cosine(theirs.filters[range], ours.filters[range]) >= 0.999)
    }
    let folder = scratch.path("exported")
    let exported = try Command.run("export", bank, folder)
    #expect(exported.status == 0, "\(exported.error)")
    for name in ["config.json", "model.safetensors"] {
      #expect(try bytes(of: "\(folder)/\(name)") == bytes(of: "\(golden)/\(name)"))
    }
  }

  @Test("a filter bank of our own comes back with the same filters")
  func roundTrip() throws {
    let model = Fixtures.path("models/tiny-llama-f32")
    let text = try scratch.write("t.txt", String(repeating: "Some lines.\n", count: 20).utf8)
    let bank = try scratch.filters(of: model, corpus: text)
    let (folder, again) = (scratch.path("hub"), scratch.path("again.qfilt"))
    #expect(try Command.run("export", bank, folder).status == 0)
    #expect(try Command.run(["import", folder, "--model", model, "--out", again]).status == 0)
    let (first, second) = (try FilterBank(path: bank), try FilterBank(path: again))
    #expect(first.filters == second.filters)
    // The hub has none of the query heads', which rank, too.
    #expect(first.heads != nil && second.heads == nil && first.digest != second.digest)
    #expect(first.identity == second.identity)
    #expect(second.provenance.contains("importedTensorSHA256"))
    // What scores −⟨value, key⟩ there scores ⟨filter, key⟩ here.
    #expect(try HubFilters.read("\(folder)/model.safetensors") == first.filters.map { -$0 })
  }

  @Test(
    "filters of a model with other layers or heads: 78; a missing folder: 66; a broken one: 65",
    .realModel)
  func refusals() throws {
    let out = scratch.path("no.qfilt")
    func expect(_ folder: String, _ model: String, _ status: Int32, _ part: String) throws {
      let result = try Command.run(["import", folder, "--model", model, "--out", out])
      #expect(result.status == status && result.error.contains(part), "\(result.error)")
      #expect(!scratch.contents.contains("no.qfilt"))
    }
    let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
    try expect(golden, tiny, 78, "identity mismatch: different architecture")
    try expect("/no/such", tiny, 66, "/no/such/config.json")
    let folder = scratch.path("hub")
    try FileManager.default.copyItem(atPath: golden, toPath: folder)
    let weights = try bytes(of: "\(folder)/model.safetensors")
    try Data(weights.dropLast()).write(to: URL(filePath: "\(folder)/model.safetensors"))
    try expect(folder, Demo.model, 65, "tensor q_filters")
    let bank = try Command.run("export", "/no/such.qfilt", folder)
    #expect(bank.status == 66 && bank.error.contains("/no/such.qfilt"))
    let usage = try Command.run(["import", golden, "--model", tiny, "--out", "x.bin"])
    #expect(usage.status == 64)
  }

  @Test("a folder that cannot be made: 74")
  func unwritable() throws {
    let text = try scratch.write("t.txt", String(repeating: "Some lines.\n", count: 20).utf8)
    let bank = try scratch.filters(
      of: Fixtures.path("models/tiny-llama-f32.gguf"), corpus: text)
    for folder in ["/proc/no", scratch.path("missing/no"), text] {
      let result = try Command.run("export", bank, folder)
      #expect(result.status == 74 && result.error.contains("cannot create"), "\(result.error)")
    }
  }

  private static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Float {
    func product(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Float {
      zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
  }
}
