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
    for scalar in text._nfc { composed.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
    return composed
  }
}
