import ByteIO
import CacheFormat

/// The name of a context in a store: its file's name without `.kvsnap`.
///
/// ```
///  book          a document, or any snapshot that somebody put there
///  letters~3     the third turn that was saved as "letters"
///  ~5f0c…        a turn without a name, by a digest of its tokens
/// ```
package struct StoreName: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The name.
  package let description: String

  /// What ends a file's name.
  static let ending = ".kvsnap"
  private static let mark: Character = "~"
  private static let longest = 100

  /// A name that a user gave to a document or a conversation: at most 100 of the letters, digits,
  /// dots, hyphens and underscores of ASCII, the first one a letter or a digit.
  ///
  /// - Throws: `StoreRefusal.name`.
  package init(given text: String) throws(StoreRefusal) {
    let isAllowed = text.utf8.allSatisfy { byte in
      Self.isAlphanumeric(byte) || ".-_".utf8.contains(byte)
    }
    guard isAllowed, text.utf8.count <= Self.longest,
      text.utf8.first.map(Self.isAlphanumeric) == true
    else { throw .name(text) }
    description = text
  }

  /// The name of a file; nil unless it ends as a snapshot's does.
  init?(file: String) {
    guard file.hasSuffix(Self.ending), file.utf8.count > Self.ending.utf8.count else { return nil }
    description = String(file.dropLast(Self.ending.count))
  }

  /// A turn of a named conversation, counted from 1, which is the first that was saved by the name.
  init(turn: Int, of conversation: StoreName) {
    description = "\(conversation)\(Self.mark)\(turn)"
  }

  /// A turn without a name.
  ///
  /// - Parameters:
  ///   - tokens: Those of the whole context.
  ///   - identity: What ties it to its model.
  ///   - mode: What the turn attended to.
  ///   - element: The type of the cache's elements.
  init(tokens: [Int], identity: SnapshotIdentity, mode: String, element: String) {
    var record = ByteWriter()
    record.writeText(mode)
    record.writeText(element)
    if let weights = identity.values?.weights { record.write(weights.bytes) }
    for file in identity.files?.entries ?? [] { record.write(file.digest.bytes) }
    for token in tokens { record.write(UInt32(truncatingIfNeeded: token)) }
    let digest = Digest(of: record.bytes).description
    description = String(Self.mark) + digest.prefix(Self.digits)
  }

  private static let digits = 32

  /// The file's name.
  var fileName: String { description + Self.ending }

  /// Whether nobody gave it a name: only such turns are removed to make room.
  package var isUnnamed: Bool { description.first == Self.mark }

  /// The conversation that it is a turn of, and which one; nil for others.
  package var turn: (conversation: String, number: Int)? {
    guard let mark = description.lastIndex(of: Self.mark), mark != description.startIndex,
      let number = Int(description[description.index(after: mark)...]), number > 0
    else { return nil }
    return (String(description[..<mark]), number)
  }

  package static func < (left: Self, right: Self) -> Bool {
    left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
