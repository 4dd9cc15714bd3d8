import CacheFormat
import QFilters
import Testing

@Suite("Comparing filter banks")
struct FilterComparisonTests {
  private static func bank(_ filters: [Float], layers: Int) -> FilterBank {
    let digest = Digest([UInt8](repeating: 1, count: 32))
    return FilterBank(
      identity: Identity(weights: digest, architecture: digest, rope: digest, tokenizer: digest),
      shape: FilterShape(layers: layers, kvHeads: 1, headLength: 2), filters: filters,
      provenance: "{}")
  }

  @Test("each head's cosine, whatever the lengths; 0 where there is no direction")
  func cosines() throws {
    let a = Self.bank([1, 0, 0, 2, 3, 4, 0, 0], layers: 4)
    let b = Self.bank([5, 0, 1, 0, -3, -4, 1, 1], layers: 4)
    let comparison = try #require(FilterComparison(a, b))
    #expect(comparison.cosines == [1, 0, -1, 0])
    #expect(Array(comparison.cosines(layer: 2)) == [-1])
  }

  @Test("other shapes are not compared")
  func shapes() {
    #expect(
      FilterComparison(Self.bank([1, 0], layers: 1), Self.bank([1, 0, 1, 0], layers: 2)) == nil)
  }
}
