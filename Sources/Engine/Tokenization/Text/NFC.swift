import CUTF8Proc

/// Unicode's normalisation form C, which some tokenizers bring text into first.
///
/// The tokenizers library knows the marks of Unicode 9. Between several marks on one letter it
/// leaves newer ones where they are; utf8proc 2.8 puts 108 of them (Unicode 10 to 15) in their
/// order.
enum NFC {
  /// A part of a text in NFC. Bytes that are no UTF-8 compose with nothing; a text with any stays
  /// as it is.
  static func normalized(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    let part = range.map { bytes[$0] }
    // Nothing below U+0300 composes with what comes before it.
    guard part.contains(where: { $0 >= 0xCC }) else { return part }
    return composed(part) ?? part
  }

  /// Nil if the bytes are no UTF-8.
  private static func composed(_ text: [UInt8]) -> [UInt8]? {
    let options = utf8proc_option_t(
      rawValue: UTF8PROC_STABLE.rawValue | UTF8PROC_COMPOSE.rawValue)
    let count = unsafe utf8proc_decompose(text, text.count, nil, 0, options)
    guard count >= 0 else { return nil }
    // The text takes the scalars' place, with a zero at its end.
    var scalars = [Int32](repeating: 0, count: count + 1)
    guard unsafe utf8proc_decompose(text, text.count, &scalars, count, options) == count else {
      return nil
    }
    let length = unsafe utf8proc_reencode(&scalars, count, options)
    guard length >= 0 else { return nil }
    return unsafe scalars.withUnsafeBytes { unsafe Array($0.prefix(length)) }
  }
}
