import TestSupport

extension SeededGenerator {
  /// Any bytes, often whole scalars and often not.
  mutating func bytes(upTo count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0...count, using: &self) {
      if Bool.random(using: &self) {
        bytes.append(UInt8.random(in: 0...255, using: &self))
      } else {
        bytes.append(contentsOf: String(scalar()).utf8)
      }
    }
    return bytes
  }

  /// A scalar, assigned or not; often ASCII, space or a contraction's apostrophe.
  mutating func scalar() -> Unicode.Scalar {
    switch Int.random(in: 0..<8, using: &self) {
    case 0: " "
    case 1: "'"
    case 2: ["s", "t", "r", "v", "e", "m", "l", "d"].randomElement(using: &self) ?? "s"
    case 3:
      ["\n", "\t", "\u{A0}", "\u{3000}", "\u{85}", "\u{200B}"].randomElement(using: &self) ?? "\n"
    case 4: Unicode.Scalar(UInt8.random(in: 0..<0x80, using: &self))
    case 5: Unicode.Scalar(UInt32.random(in: 0x80..<0x3000, using: &self)) ?? "é"
    default: Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &self)) ?? "\u{FFFD}"
    }
  }
}
