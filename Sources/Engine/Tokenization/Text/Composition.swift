@_spi(_Unicode) import Swift

/// Unicode's normalisation form C, which some tokenizers bring text into first.
enum Composition {
  /// A part of a text in NFC. Bytes that are no UTF-8 stand for nothing that could be composed; a text
  /// with any stays as it is.
  static func composed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    let part = range.map { bytes[$0] }
    // Nothing below U+0300 composes with what stands before it.
    guard part.contains(where: { $0 >= 0xCC }), let text = String(validating: part, as: UTF8.self)
    else { return part }
    var composed: [UInt8] = []
    composed.reserveCapacity(part.count)
    for scalar in String(String.UnicodeScalarView(text.unicodeScalars.flatMap(decomposed)))._nfc {
      composed.append(contentsOf: UTF8.encode(scalar) ?? .init())
    }
    return composed
  }

  /// Three Tibetan signs count as starters and decompose to marks, which the standard library does not put
  /// in order with others. Composition leaves them out.
  private static func decomposed(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    switch scalar {
    case "\u{F73}": ["\u{F71}", "\u{F72}"]
    case "\u{F75}": ["\u{F71}", "\u{F74}"]
    case "\u{F81}": ["\u{F71}", "\u{F80}"]
    default: [scalar]
    }
  }
}
