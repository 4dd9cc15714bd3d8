import ModelFiles
import TestSupport
import Testing

@Suite("The beginning of a safetensors file")
struct SafetensorsWriterTests {
  private typealias Tensor = SafetensorsWriter.Tensor

  @Test("length, entries in the order of the values, and spaces up to eight bytes")
  func goldenBytes() {
    let tensors = [
      Tensor("tokens", .u32, [3]), Tensor("a", .bf16, [2, 5]), Tensor("b", .f32, [0, 4]),
    ]
    let json =
      #"{"tokens":{"dtype":"U32","shape":[3],"data_offsets":[0,12]},"#
      + #""a":{"dtype":"BF16","shape":[2,5],"data_offsets":[12,32]},"#
      + #""b":{"dtype":"F32","shape":[0,4],"data_offsets":[32,32]}} "#
    #expect(SafetensorsWriter(tensors).header == [176, 0, 0, 0, 0, 0, 0, 0] + Array(json.utf8))
    #expect(SafetensorsWriter([]).header == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
  }

  @Test("the reader finds every tensor at its place")
  func readsBack() throws {
    let scratch = try ScratchFolder()
    for name in ["a", "ab", "abc", "abcdefgh"] {
      let header = SafetensorsWriter([Tensor(name, .f32, [1, 2]), Tensor("z", .f16, [1])]).header
      #expect(header.count % 8 == 0)
      let path = try scratch.write("file", header + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      let file = try SafetensorsFile(path: path)
      #expect(file.names == [name, "z"])
      let (first, last) = (try file.tensor(named: name), try file.tensor(named: "z"))
      #expect(first?.shape == [1, 2] && last?.shape == [1])
      #expect(first?.offset == header.count && last?.offset == header.count + 8)
    }
  }
}
