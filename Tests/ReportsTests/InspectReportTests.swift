import CacheFormat
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
