import Foundation
import TestSupport

/// Texts of every kind, and digests of their ids that `fixtures/generate/tokenization.py` wrote.
enum MixedTexts {
  /// How many texts one digest covers.
  static let block = 20

  static func all() throws -> [[UInt8]] {
    try bytes(of: Fixtures.path("tokenization/texts"))
      .split(separator: 0xFF, omittingEmptySubsequences: false).dropLast().map(Array.init)
  }

  static func digests() throws -> [String: [String]] {
    try Fixtures.json("tokenization/golden.json")
  }

  /// FNV-1a over the ids as 32-bit numbers, with 0xFFFFFFFF after each text, folded to 32 bits.
  static func digest(of texts: [[Int]]) -> String {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for number in texts.flatMap({ $0.map { UInt32(truncatingIfNeeded: $0) } + [.max] }) {
      for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
        state = (state ^ UInt64(number >> shift & 0xFF)) &* 0x100_0000_01B3
      }
    }
    let folded = UInt32(truncatingIfNeeded: state >> 32 ^ state)
    let digits = String(folded, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
