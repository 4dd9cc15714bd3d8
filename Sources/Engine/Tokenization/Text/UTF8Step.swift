/// One step through bytes that are meant as UTF-8.
///
/// Invalid bytes are stepped over one maximal subpart at a time, the way that
/// `String(decoding:as:)` repairs them. Source: Unicode 15, section 3.9, table 3-7.
struct UTF8Step {
  /// The scalar, or nil if the bytes are invalid or end too early.
  let scalar: Unicode.Scalar?
  /// How many bytes are stepped over; at least one.
  let length: Int
  /// Whether the bytes end within a scalar that more bytes could complete.
  let isIncomplete: Bool

  /// Looks at the bytes from `position`, which must lie before the end.
  init(_ bytes: Span<UInt8>, at position: Int) {
    let first = bytes[position]
    guard let lead = Self.lead(first) else {
      self.init(scalar: nil, length: 1)
      return
    }
    var value = lead.bits
    var allowed = lead.second
    for offset in 1..<lead.length {
      guard position + offset < bytes.count else {
        self.init(scalar: nil, length: offset, isIncomplete: true)
        return
      }
      let byte = bytes[position + offset]
      guard allowed.contains(byte) else {
        self.init(scalar: nil, length: offset)
        return
      }
      value = value << 6 | UInt32(byte & 0x3F)
      allowed = 0x80...0xBF
    }
    self.init(scalar: Unicode.Scalar(value), length: lead.length)
  }

  private init(scalar: Unicode.Scalar?, length: Int, isIncomplete: Bool = false) {
    self.scalar = scalar
    self.length = length
    self.isIncomplete = isIncomplete
  }

  /// What a first byte says: the length, the range of the second byte, and its own bits. The ranges
  /// exclude overlong forms, surrogates and values above U+10FFFF.
  private static func lead(
    _ byte: UInt8
  ) -> (length: Int, second: ClosedRange<UInt8>, bits: UInt32)? {
    switch byte {
    case 0x00...0x7F: (1, 0x80...0xBF, UInt32(byte))
    case 0xC2...0xDF: (2, 0x80...0xBF, UInt32(byte & 0x1F))
    case 0xE0: (3, 0xA0...0xBF, 0)
    case 0xED: (3, 0x80...0x9F, 0xD)
    case 0xE1...0xEF: (3, 0x80...0xBF, UInt32(byte & 0xF))
    case 0xF0: (4, 0x90...0xBF, 0)
    case 0xF4: (4, 0x80...0x8F, 4)
    case 0xF1...0xF3: (4, 0x80...0xBF, UInt32(byte & 0x7))
    default: nil
    }
  }
}
