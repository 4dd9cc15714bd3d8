import CacheCodec
import CacheFormat
import TestSupport
import Testing

@testable import Reports

@Suite("The reports of inspect")
struct InspectReportTests {
  @Test("a file of few pairs that claims more tokens than any memory holds is no trap")
  func hugeClaims() {
    var context = ContextDescription(
      layers: 4096, kvHeads: 4096, keyLength: 8192, valueLength: 8192, tokens: 1,
      promptForm: .plain, keyCodec: .float32, valueCodec: .float32)
    #expect(SnapshotReport.cacheBytes(context, tokens: context.tokens) == 1 << 40)
    context.tokens = 1 << 31 - 1
    #expect(SnapshotReport.cacheBytes(context, tokens: context.tokens) == .max)
  }

  @Test("heads with budgets of their own are shown by layer, with what most of them hold")
  func budgets() throws {
    let scratch = try ScratchFolder()
    var snapshot = HandMadeSnapshot(
      layers: 2, compression: 8, tokens: 40,
      rankings: [[UInt32]](repeating: Array(0..<40), count: 3))
    snapshot.budgets = [[2, 2, 2], [2, 2, 4], [2, 3, 8], [2, 5, 30]]
    snapshot.floor = 2
    try snapshot.write(to: scratch.path("a.kvsnap"))
    let report = try SnapshotReport(SnapshotReader(path: scratch.path("a.kvsnap")))
    #expect(
      report.budgets?.description == """
        what ×8 keeps of each layer, and of its heads
          layer  pairs   share  least  greatest
              0     37  30.8 %  5.0 %    75.0 %  ·▂▇
              1     37  30.8 %  5.0 %    75.0 %  ·▂▇

        2 of 6 heads hold more than 30 % of the context at ×8;
        2 hold sinks and window alone (·)
        """)
    #expect(report.budgets?.pairsHeld[2] == [[2, 3, 8], [2, 3, 8]])
    snapshot.budgets = nil
    try snapshot.write(to: scratch.path("b.kvsnap"))
    let equal = try SnapshotReport(SnapshotReader(path: scratch.path("b.kvsnap")))
    #expect(equal.budgets == nil)
    #expect(!equal.description.contains("what ×8 keeps"))
  }

  @Test("provenance is shown by name; any other text as it is, shortened")
  func provenance() {
    let text = ProvenanceText(#"{"b":{"y":[1,"x"],"a":null},"a":1.5}"#).description
    #expect(
      text == """
        provenance
          a             1.5
          b.a           null
          b.y.0         1
          b.y.1         x
        """)
    #expect(ProvenanceText("{}").description == "provenance\n  none")
    let long = ProvenanceText(String(repeating: "\u{7}", count: 1 << 20)).description
    #expect(long == "provenance\n  " + String(repeating: #"\u{07}"#, count: 10) + "…")
    for depth in [400, 8_000] {
      let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      #expect(ProvenanceText(nested).description.hasPrefix("provenance\n  [[["))
    }
  }
}
