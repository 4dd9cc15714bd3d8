import ByteIO
import CacheFormat
import Tokenization
import Workflows

/// The texts of a folder, as one.
package enum Haystack {
  /// The files of a folder whose names end in `.txt`, in the order of their names, each followed by
  /// an empty line. Empty files and folders are left out.
  ///
  /// - Throws: `SystemError`, `PromptError` if there is no text, or if one of them is no file.
  package static func read(folder: String) throws -> [UInt8] {
    let paths = try Folder.names(folder).filter { $0.lowercased().hasSuffix(".txt") }
      .map { Folder.path(folder, $0) }
    var text: [UInt8] = []
    for path in paths where !Folder.exists(path) {
      guard Folder.isFile(path) else { throw PromptError.noFile(path: path) }
      do {
        text += try TextFile.read(path) + Array("\n\n".utf8)
      } catch PromptError.empty {
        continue
      }
    }
    guard !text.isEmpty else {
      throw PromptError.empty(source: "the haystack, \(Folder.path(folder, "*.txt")),")
    }
    return text
  }
}

/// A haystack with needles in it.
struct NeedleText {
  private let tokens: [Int]
  private let model: LoadedModel

  /// Tokenises the haystack.
  init(_ haystack: [UInt8], model: LoadedModel) {
    self.model = model
    tokens = model.tokenizer.encode(haystack, parsingSpecials: false)
  }

  /// A text of about `length` tokens. Each needle follows the last sentence that ends before its
  /// depth.
  ///
  /// - Throws: `PromptError.tooShort` if the haystack is too short, `PromptError.needleTooLong`.
  func text(length: Int, hiding hidden: [NeedlePuzzle.Hidden]) throws -> [UInt8] {
    let needles = hidden.reduce(0) { count, needle in
      count + model.tokenizer.encode(Array(needle.sentence.utf8), parsingSpecials: false).count + 1
    }
    let hay = length - needles
    guard hay > 0 else { throw PromptError.needleTooLong(tokens: needles, length: length) }
    guard hay <= tokens.count else {
      throw PromptError.tooShort(tokens: tokens.count, needed: hay)
    }
    let text = model.tokenizer.decode(Array(tokens[..<hay]), skippingSpecials: false)
    let cuts = hidden.enumerated().map { ($1, cut(text, hay: hay, depth: $1.depth), $0) }
    let space = UInt8(ascii: " ")
    var (result, done): ([UInt8], Int) = ([], 0)
    for (needle, cut, _) in cuts.sorted(by: { ($0.1, $0.2) < ($1.1, $1.2) }) {
      result += text[done..<cut]
      if let last = result.last, last != space { result.append(space) }
      result += Array(needle.sentence.utf8) + [space]
      done = cut
    }
    return result + text[done...]
  }

  /// The end of the last sentence before a depth of the first `hay` tokens, in bytes.
  private func cut(_ text: [UInt8], hay: Int, depth: Double) -> Int {
    guard depth < 1 else { return text.count }
    return Self.endOfSentence(
      model.tokenizer.decode(Array(tokens[..<Int(Double(hay) * depth)]), skippingSpecials: false))
  }

  /// The end of the last full stop that white space follows.
  ///
  /// Without a full stop: the last other mark or line break that ends a sentence, or else the last
  /// white space.
  private static func endOfSentence(_ text: [UInt8]) -> Int {
    let white = Set(" \n\t\r".utf8)
    let stop = text.indices.dropLast().last {
      text[$0] == UInt8(ascii: ".") && white.contains(text[$0 + 1])
    }
    return stop.map { $0 + 1 } ?? otherMarks.compactMap { end(of: $0, in: text) }.max()
      ?? text.lastIndex(where: white.contains).map { $0 + 1 } ?? 0
  }

  private static let otherMarks = ["!", "?", "。", "！", "？", "\n"].map { Array($0.utf8) }

  /// Where a mark ends for the last time.
  private static func end(of mark: [UInt8], in text: [UInt8]) -> Int? {
    text.indices.dropLast(mark.count - 1).last { text[$0...].starts(with: mark) }
      .map { $0 + mark.count }
  }
}
