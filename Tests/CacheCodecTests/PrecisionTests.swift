import CacheCodec
import CacheFormat
import TestSupport
import Testing

@Suite("A precision says how each tier's keys and values are stored")
struct PrecisionTests {
  private func codecs(_ text: String) throws -> [[ElementCodec]] {
    let precision = try Precision(text)
    return [64, 8, 1].map { compression in
      [ChunkTable.Tensor.keys, .values].map {
        precision.codec(of: $0, compression: compression) ?? precision.element
      }
    }
  }

  @Test("one codec for all, one for each tensor, one for the best pairs")
  func grammar() throws {
    #expect(try codecs("int8") == Array(repeating: [.int8, .int8], count: 3))
    #expect(
      try codecs("keys=int8,values=int4") == Array(repeating: [.int8, .int4], count: 3))
    #expect(
      try codecs("8:f16,int4") == [[.float16, .float16], [.float16, .float16], [.int4, .int4]])
    #expect(
      try codecs("int4,64:bf16,keys=int8")
        == [[.bfloat16, .bfloat16], [.int8, .int4], [.int8, .int4]])
    #expect(try codecs("values=int8") == Array(repeating: [.float16, .int8], count: 3))
    #expect(try Precision("f32").element == .float32)
    #expect(try Precision("int8").element == .float16)
  }

  @Test(
    "other texts are none",
    arguments: [
      "", ",", "int8,", "int7", "u32", "f16,f32", "keys=f16,values=f32", "3:int8", "1:int8",
      "0:f16",
      "int8,int8", "keys=int8,keys=int4", "keys:int8", "8:keys=int8", " int8", "128:int8",
    ])
  func rejected(text: String) { #expect(throws: PrecisionRefusal.self) { try Precision(text) } }

  @Test(
    "the rule that is broken is named",
    arguments: [
      ("3:f16,int4", "3 is no N; N is one of 2, 4, 8, 16, 32, 64"),
      ("f16,f32", "it names f16 and f32"), ("8:int8,8:int4", "the same pairs as 8:int4"),
      ("8:int8,int7", "int7 is no precision: the codec must be one of"),
    ])
  func rule(text: String, words: String) {
    let error = #expect(throws: PrecisionRefusal.self) { try Precision(text) }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }
}
