/// Cuts a long text into pieces that are tokenised one by one.
///
/// A piece has a mebibyte and ends before the first space after that which stands between two ASCII
/// letters: no pre-tokeniser of byte-level BPE lets a token span such a place, so that the pieces' tokens
/// are the whole text's. Text that has no such place for another mebibyte is cut there, between two
/// characters.
struct TextCutter {
  /// A piece's length in bytes; a text that is shorter than twice that, and has no such place, is one piece.
  static let pieceBytes = 1 << 20

  private var bytes: [UInt8] = []

  /// Takes the next bytes of the text.
  mutating func append(_ text: [UInt8]) { bytes += text }

  /// The next piece, if enough text was seen to know where it ends.
  ///
  /// - Parameter isAtEnd: There is no more text than what was taken.
  mutating func next(isAtEnd: Bool) -> [UInt8]? {
    // One more byte than could be the piece's: the one behind the space.
    guard bytes.count > 2 * Self.pieceBytes || isAtEnd, !bytes.isEmpty else { return nil }
    let end = self.end
    defer { bytes.removeFirst(end) }
    return Array(bytes[..<end])
  }

  private var end: Int {
    guard bytes.count > Self.pieceBytes else { return bytes.count }
    let last = min(2 * Self.pieceBytes, bytes.count - 1)
    for index in Self.pieceBytes..<last
    where bytes[index] == 0x20 && Self.isLetter(bytes[index - 1]) && Self.isLetter(bytes[index + 1])
    { return index }
    guard bytes.count > 2 * Self.pieceBytes else { return bytes.count }
    var end = 2 * Self.pieceBytes
    while bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return end
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
