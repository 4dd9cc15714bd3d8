import ByteIO
import TestSupport
import Testing

@Suite("A file is recognised by its first bytes")
struct KnownFileTests {
  @Test(
    "each kind that is known",
    arguments: [
      ("conformance/valid/f16.kvsnap", "a snapshot"),
      ("conformance/valid/filters.qfilt", "a filter bank"),
      ("conformance/valid/statistics.qstat", "calibration statistics"),
      ("models/tiny-llama-f32.gguf", "a GGUF model"),
      ("models/tiny-llama-f32/model.safetensors", "a safetensors file"),
    ])
  func kinds(file: String, name: String) throws {
    #expect(KnownFile.name(startingWith: try bytes(of: Fixtures.path(file))) == name)
  }

  @Test("text and files cut short are not recognised; an empty file is called empty")
  func others() {
    #expect(KnownFile.name(startingWith: Array("A text of some length.".utf8)) == nil)
    #expect(KnownFile.name(startingWith: [0x89, 0x4B, 0x56]) == nil)
    #expect(KnownFile.name(startingWith: [UInt8](repeating: 0, count: 64)) == nil)
    #expect(KnownFile.name(startingWith: []) == "an empty file")
    #expect(KnownFile.name(startingWith: [0xFF, 0xFE, 0x41, 0]) == "text in UTF-16")
  }
}
