/// Tokens that are found in a text as they stand, before it is cut into words.
///
/// Of several the one that starts first is taken, and of those that start together the longest.
struct AddedTokens: Sendable {
  /// A token that was found.
  struct Match {
    let range: Range<Int>
    let id: UInt32
  }

  private struct Entry: Sendable {
    let spelling: [UInt8]
    let id: UInt32
  }

  /// The tokens by their first byte, the longest first; empty if there are none at all.
  private let entries: [[Entry]]

  /// Gathers tokens by spelling and id; one without a spelling can never be found.
  init(_ tokens: some Sequence<(spelling: [UInt8], id: UInt32)>) {
    var entries = [[Entry]](repeating: [], count: 256)
    for token in tokens {
      guard let first = token.spelling.first else { continue }
      entries[Int(first)].append(Entry(spelling: token.spelling, id: token.id))
    }
    let isEmpty = entries.allSatisfy(\.isEmpty)
    self.entries =
      isEmpty ? [] : entries.map { $0.sorted { $0.spelling.count > $1.spelling.count } }
  }

  /// The first token in the text from `start` on.
  func firstMatch(in bytes: Span<UInt8>, from start: Int) -> Match? {
    guard !entries.isEmpty else { return nil }
    for position in start..<bytes.count {
      for entry in entries[Int(bytes[position])]
      where Self.stands(entry.spelling, in: bytes, at: position) {
        return Match(range: position..<position + entry.spelling.count, id: entry.id)
      }
    }
    return nil
  }

  private static func stands(
    _ spelling: [UInt8], in bytes: Span<UInt8>, at position: Int
  ) -> Bool {
    guard spelling.count <= bytes.count - position else { return false }
    return spelling.indices.allSatisfy { bytes[position + $0] == spelling[$0] }
  }
}
