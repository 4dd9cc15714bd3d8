import ByteIO
import CacheFormat
import QFilters
import TestSupport
import Testing

@Suite("Filter bank files")
struct FilterBankTests {
  private static func digest(_ byte: UInt8) -> Digest {
    Digest([UInt8](repeating: byte, count: 32))
  }

  private let bank = FilterBank(
    identity: Identity(
      weights: digest(1), architecture: digest(2), rope: digest(3), tokenizer: digest(4)),
    shape: FilterShape(layers: 2, kvHeads: 3, headLength: 4),
    filters: (0..<24).map { Float($0) / 7 },
    quality: FilterQuality(
      layers: 2, queryHeads: 6,
      heads: (0..<12).map {
        .init(energyShare: Float($0) / 12, meanProjection: Float($0), meanCosine: 1)
      }),
    heads: HeadFilters(layers: 2, queryHeads: 6, filters: (0..<48).map { Float($0) / 3 }),
    sequences: SequenceSet(corpus: digest(5), count: 20, length: 2048),
    provenance: #"{"tool":"test"}"#)

  @Test("what is written is read again, and equal filters give equal bytes")
  func roundTrip() throws {
    let scratch = try ScratchFolder()
    let size = try bank.write(to: scratch.path("a.qfilt"))
    _ = try bank.write(to: scratch.path("b.qfilt"))
    #expect(try FilterBank(path: scratch.path("a.qfilt")) == bank)
    #expect(try bytes(of: scratch.path("a.qfilt")) == bytes(of: scratch.path("b.qfilt")))
    #expect(try bytes(of: scratch.path("a.qfilt")).count == Int(size))
    #expect(bank.filter(layer: 1, head: 2) == [20, 21, 22, 23].map { Float($0) / 7 })
    #expect(bank.heads?.filter(layer: 1, queryHead: 5) == [44, 45, 46, 47].map { Float($0) / 3 })
    #expect(scratch.contents == ["a.qfilt", "b.qfilt"])
  }

  @Test("any changed byte and any cut is rejected, naming a section")
  func damage() throws {
    let scratch = try ScratchFolder()
    _ = try bank.write(to: scratch.path("whole.qfilt"))
    let whole = try bytes(of: scratch.path("whole.qfilt"))
    for index in whole.indices {
      var changed = whole
      changed[index] ^= 1 << UInt8(index % 8)
      let path = try scratch.write("changed.qfilt", changed)
      let error = #expect(throws: MalformedFile.self, "byte \(index)") {
        try FilterBank(path: path)
      }
      #expect(error?.section.isEmpty == false)
      let cut = try scratch.write("cut.qfilt", whole[..<index])
      #expect(throws: MalformedFile.self, "cut at \(index)") { try FilterBank(path: cut) }
    }
  }

  @Test("a filter that is not finite is neither written nor read, even with valid checksums")
  func notFinite() throws {
    let scratch = try ScratchFolder()
    let broken = FilterBank(
      identity: bank.identity, shape: FilterShape(layers: 1, kvHeads: 1, headLength: 1),
      filters: [.nan], provenance: "{}")
    #expect(throws: MalformedFile.self) { try broken.write(to: scratch.path("nan.qfilt")) }
    let brokenHeads = FilterBank(
      identity: bank.identity, shape: FilterShape(layers: 1, kvHeads: 1, headLength: 1),
      filters: [1], heads: HeadFilters(layers: 1, queryHeads: 1, filters: [.infinity]),
      provenance: "{}")
    #expect(throws: MalformedFile.self) { try brokenHeads.write(to: scratch.path("nan.qfilt")) }
    #expect(scratch.contents == [])
    let one = RawContainer.field(UInt32(1))
    let section = one + one + one + [0, 0, 0, 0] + RawContainer.field(Float.nan.bitPattern)
    let container = RawContainer(
      kind: "FILT",
      sections: [("IDEN", bank.identity.encoded), ("FILT", section), ("prov", Array("{}".utf8))])
    let path = try scratch.write("nan.qfilt", container.bytes)
    #expect(throws: MalformedFile.self) { try FilterBank(path: path) }
  }
}
