import TestSupport
import Testing

@testable import Tokenization

@Suite("Normalisation form C, as the tokenizers library has it")
struct NFCTests {
  /// By scalar in hexadecimal: the scalars that its text becomes, where they change.
  struct Golden: Decodable {
    let alone: [String: String]
    let amongMarks: [String: String]
  }

  private static var scalars: some Sequence<Unicode.Scalar> {
    (0..<UInt32(0x11_0000)).lazy.compactMap(Unicode.Scalar.init)
  }

  private func normalized(_ text: [Unicode.Scalar]) -> [UInt8] {
    let bytes = text.flatMap { Array(UTF8.encode($0) ?? .init()) }
    return NFC.normalized(bytes.span, bytes.indices)
  }

  /// The scalars of a text in the fixture's spelling, in UTF-8.
  private func bytes(_ text: String) throws -> [UInt8] {
    try text.split(separator: " ").flatMap { number in
      let scalar = try #require(UInt32(number, radix: 16).flatMap(Unicode.Scalar.init))
      return Array(UTF8.encode(scalar) ?? .init())
    }
  }

  @Test("every scalar by itself")
  func alone() throws {
    let golden = try Fixtures.json("tokenization/nfc.json", as: Golden.self).alone
    try #require(golden.count == 1_120)
    for scalar in Self.scalars {
      let name = String(scalar.value, radix: 16, uppercase: true)
      let expected = try bytes(golden[name] ?? name)
      // Expectations take too long for a million of them.
      if normalized([scalar]) != expected { Issue.record("U+\(name)") }
    }
  }

  @Test("every scalar of Unicode 9 among marks that are out of order")
  func amongMarks() throws {
    let golden = try Fixtures.json("tokenization/nfc.json", as: Golden.self).amongMarks
    try #require(golden.count > 2_000)
    for scalar in Self.scalars where (scalar.properties.age?.major ?? .max) <= 9 {
      let name = String(scalar.value, radix: 16, uppercase: true)
      let expected = try bytes(golden[name] ?? "E1 \(name) 5B0 327")
      let text: [Unicode.Scalar] = ["a", "\u{301}", scalar, "\u{327}", "\u{5B0}"]
      if normalized(text) != expected { Issue.record("U+\(name)") }
    }
  }

  @Test("a text with bytes that are no UTF-8 stays as it is; a part is normalised by itself")
  func invalidBytes() {
    func normalized(_ text: [UInt8], _ range: Range<Int>? = nil) -> [UInt8] {
      NFC.normalized(text.span, range ?? text.indices)
    }
    let (apart, composed) = (Array("e\u{301}".utf8), Array("\u{E9}".utf8))
    for invalid: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
      #expect(normalized(apart + invalid) == apart + invalid)
      #expect(normalized(apart + invalid, apart.indices) == composed)
    }
    #expect(normalized([]) == [])
    #expect(normalized([0] + apart + [0]) == [0] + composed + [0])
  }
}
