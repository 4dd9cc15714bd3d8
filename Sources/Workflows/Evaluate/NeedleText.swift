import ByteIO
import Tokenization

/// A haystack with a needle in it.
struct NeedleText {
  private let haystack: [UInt8]
  private let tokens: [Int]
  private let model: LoadedModel

  /// The files of a folder whose names end in `.txt`, in the order of their names.
  ///
  /// - Throws: `SystemError`, `PromptError` if there is no text.
  init(folder: String, model: LoadedModel) throws {
    self.model = model
    let names = try Folder.names(folder).filter { $0.hasSuffix(".txt") }.sorted()
    var haystack: [UInt8] = []
    for name in names { haystack += try TextFile.read("\(folder)/\(name)") + Array("\n\n".utf8) }
    guard !haystack.isEmpty else { throw PromptError.empty(source: "the haystack \(folder)") }
    self.haystack = haystack
    tokens = model.tokenizer.encode(haystack, parsingSpecials: false)
  }

  /// A text of about `length` tokens, the needle after the sentence that ends next before `depth` of it.
  ///
  /// - Throws: `PromptError.tooShort` if the haystack is.
  func text(length: Int, depth: Double, needle: String) throws -> [UInt8] {
    let needleTokens = model.tokenizer.encode(Array(needle.utf8), parsingSpecials: false).count
    let hay = max(0, length - needleTokens - 1)
    guard hay <= tokens.count else {
      throw PromptError.tooShort(tokens: tokens.count, needed: hay)
    }
    let text = model.tokenizer.decode(Array(tokens[..<hay]), skippingSpecials: false)
    let before = model.tokenizer.decode(
      Array(tokens[..<Int(Double(hay) * depth)]), skippingSpecials: false)
    let cut = depth >= 1 ? text.count : Self.endOfSentence(before)
    let space: [UInt8] = [UInt8(ascii: " ")]
    return text[..<cut] + (cut == 0 ? [] : space) + needle.utf8 + space + text[cut...]
  }

  /// Behind the last full stop that white space follows.
  private static func endOfSentence(_ text: [UInt8]) -> Int {
    let white = Set(" \n\t\r".utf8)
    let stop = text.indices.dropLast().last {
      text[$0] == UInt8(ascii: ".") && white.contains(text[$0 + 1])
    }
    return stop.map { $0 + 1 } ?? 0
  }
}
