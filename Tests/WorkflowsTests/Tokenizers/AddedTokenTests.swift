import Foundation
import TestSupport
import Testing
import Tokenization
import Workflows

@Suite("Added tokens are sought in the order of the tokenizers library")
struct AddedTokenTests {
  /// A family's tokenizer with more added tokens, and texts (`fixtures/generate/added_tokens.py`).
  private struct Case: Decodable {
    let family: String
    /// What follows the family's own in the list.
    let added: String
    let texts: [String]
    let ids: [[Int]]
  }

  @Test("those that overlap each other, take spaces along, or are found in normalised text")
  func overlaps() throws {
    let cases: [Case] = try Fixtures.json("tokenization/added-tokens.json")
    try #require(cases.count >= 27)
    for one in cases {
      let file = try String(
        decoding: bytes(of: Fixtures.path("tokenization/\(one.family).tokenizer.json")),
        as: UTF8.self)
      let changed = file.replacing(
        #"],"normalizer""#, with: ",\(one.added)],\"normalizer\"", maxReplacements: 1)
      let folder = try TokenizerFolder(tokenizer: changed)
      let tokenizer = try LoadedModel.loadTokenizer(path: folder.path)
      for (text, ids) in zip(one.texts, one.ids) {
        #expect(
          tokenizer.encode(text, parsingSpecials: true) == ids,
          "\(one.family) \(text.debugDescription) \(one.added)")
      }
    }
  }
}
