import CacheCodec
import CacheFormat
import TestSupport
import Testing

@testable import Workflows

@Suite("A cache as a safetensors file")
struct CacheTensorsTests {
  @Test("the header, and the values in its order, byte for byte")
  func goldenBytes() throws {
    let context = ContextDescription(
      layers: 1, kvHeads: 2, keyLength: 1, valueLength: 2, tokens: 3, promptForm: .plain,
      keyCodec: .float16, valueCodec: .float32)
    let tensors = CacheTensors(
      tokens: [7, 8, 9], context: context, counts: [[1, 0]], identity: nil)
    let scratch = try ScratchFolder()
    let path = scratch.path("cache")
    let size = try tensors.write(to: path) { _ in
      [
        PairBlock(positions: [2], keys: [1, 2], values: [3, 4, 5, 6, 7, 8, 9, 10]),
        PairBlock(positions: [], keys: [], values: []),
      ]
    }
    let entries = [
      #"{"__metadata__":{"qfilters.cache":"1","qfilters.promptForm":"0"}"#,
      #""tokens":{"dtype":"U32","shape":[3],"data_offsets":[0,12]}"#,
      #""layer0.head0.positions":{"dtype":"U32","shape":[1],"data_offsets":[12,16]}"#,
      #""layer0.head0.keys":{"dtype":"F16","shape":[1,1],"data_offsets":[16,18]}"#,
      #""layer0.head0.values":{"dtype":"F32","shape":[1,2],"data_offsets":[18,26]}"#,
      #""layer0.head1.positions":{"dtype":"U32","shape":[0],"data_offsets":[26,26]}"#,
      #""layer0.head1.keys":{"dtype":"F16","shape":[0,1],"data_offsets":[26,26]}"#,
      #""layer0.head1.values":{"dtype":"F32","shape":[0,2],"data_offsets":[26,26]}}"#,
    ].joined(separator: ",")
    let header = entries + String(repeating: " ", count: (8 - entries.utf8.count % 8) % 8)
    let tokens: [UInt8] = [7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0]
    let values = tokens + [2, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    let expected = RawSafetensors.file(header, values)
    #expect(try bytes(of: path) == expected)
    #expect(size == UInt64(expected.count))
  }
}
