/// Cuts a long text into pieces that are tokenised one by one.
///
/// A piece has at least a mebibyte. It ends before the next space between two ASCII letters. No
/// pre-tokeniser of byte-level BPE lets a token span such a space, so the pieces' tokens are those
/// of the whole text. Text without such a space for another mebibyte is cut there, between two
/// characters.
struct TextCutter {
  /// The least length of a piece in bytes. A text of at most twice that length without such a space
  /// is one piece.
  static let pieceBytes = 1 << 20

  private var bytes: [UInt8] = []

  /// Takes the next bytes of the text.
  mutating func append(_ text: [UInt8]) { bytes += text }

  /// The next piece; nil if more text is needed to know where it ends.
  ///
  /// - Parameter isAtEnd: Whether all text was taken.
  mutating func next(isAtEnd: Bool) -> [UInt8]? {
    // One byte more than a piece can have: the one after the space.
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
