/// The printable alphabet in which byte-level BPE spells bytes. Source: GPT-2 (2019).
///
/// Bytes that print in Latin-1 (33...126, 161...172 and 174...255) are the scalar of the same
/// value. The other 68 are the scalars from U+0100 on, in ascending order.
enum ByteAlphabet {
  /// The UTF-8 spelling of each byte's scalar, by byte.
  static let spellings: [[UInt8]] = scalars.map { utf8(of: $0) }

  /// The bytes that a spelling stands for, or nil if it has a scalar outside the alphabet.
  static func bytes(spelledBy spelling: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(spelling.count)
    var position = 0
    while position < spelling.count {
      let step = UTF8Step(spelling.span, at: position)
      guard let scalar = step.scalar, let byte = byte(of: scalar) else { return nil }
      bytes.append(byte)
      position += step.length
    }
    return bytes
  }

  private static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (UInt32(0)...0xFF).map { byte in
      if prints(byte) { return byte }
      defer { next += 1 }
      return next
    }
  }()

  /// The inverse of the part of `scalars` that lies from U+0100 on.
  private static let shiftedBytes: [UInt8] = (UInt8.min...UInt8.max).filter { !prints(UInt32($0)) }

  private static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    guard scalar.value >= 0x100 else {
      return prints(scalar.value) ? UInt8(truncatingIfNeeded: scalar.value) : nil
    }
    let index = Int(scalar.value) - 0x100
    return index < shiftedBytes.count ? shiftedBytes[index] : nil
  }

  private static func prints(_ byte: UInt32) -> Bool {
    (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
  }

  /// Every scalar of the alphabet lies below U+0800.
  private static func utf8(of scalar: UInt32) -> [UInt8] {
    guard scalar >= 0x80 else { return [UInt8(truncatingIfNeeded: scalar)] }
    return [0xC0 | scalar >> 6, 0x80 | scalar & 0x3F].map { UInt8(truncatingIfNeeded: $0) }
  }
}
