import TestSupport
import Testing
import Tokenization

@testable import Workflows

@Suite("A long text is tokenized in pieces")
struct TextCutterTests {
  @Test("a long text in pieces has the tokens of the whole", .realModel)
  func pieces() throws {
    let tokenizer = try LoadedModel.loadTokenizer(path: Demo.model)
    let essays = try TextFile.read(Demo.essay("worked")) + TextFile.read(Demo.essay("love"))
    var text: [UInt8] = []
    while text.count < 5 << 20 { text += essays }
    for chunk in [1 << 20, 77_777] {
      var cutter = TextCutter()
      var pieces: [[UInt8]] = []
      for start in stride(from: 0, to: text.count, by: chunk) {
        cutter.append(Array(text[start..<min(text.count, start + chunk)]))
        while let piece = cutter.next(isAtEnd: false) { pieces.append(piece) }
      }
      while let piece = cutter.next(isAtEnd: true) { pieces.append(piece) }
      #expect(pieces.count >= 5)
      #expect(pieces.allSatisfy { $0.count < TextCutter.pieceBytes + 100 })
      #expect(Array(pieces.joined()) == text)
      let tokens = pieces.flatMap { tokenizer.encode($0, parsingSpecials: false) }
      #expect(tokens == tokenizer.encode(text, parsingSpecials: false))
    }
  }

  @Test("text without a good place is cut between characters")
  func hardText() throws {
    let text = Array(String(repeating: "東京", count: 700_000).utf8)
    var cutter = TextCutter()
    cutter.append(text)
    var pieces: [[UInt8]] = []
    while let piece = cutter.next(isAtEnd: true) { pieces.append(piece) }
    #expect(Array(pieces.joined()) == text)
    #expect(pieces.allSatisfy { $0.count <= 2 * TextCutter.pieceBytes })
    #expect(pieces.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
  }
}
