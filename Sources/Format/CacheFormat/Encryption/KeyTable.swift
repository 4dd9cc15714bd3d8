import ByteIO

/// The keys of an encrypted snapshot (spec, section 12.2, `KEYS`).
///
/// ```
///  0       4      8         24       32
///  ┌───────┬──────┬─────────┬────────┬────────┬────────┬─ ─ ─┐
///  │cipher │slots │  seal   │   0    │ slot 0 │ slot 1 │     │
///  └───────┴──────┴─────────┴────────┴────────┴────────┴─ ─ ─┘
/// ```
public struct KeyTable: Sendable, Equatable {
  /// The number of slots of a new file.
  public static let usualSlots = 8
  private static let maximumSlots: UInt32 = 16
  private static let headByteCount = 32
  private static let cipher: UInt32 = 1

  /// Proves header and directory.
  var seal: [UInt8]
  /// Nil where a slot is empty.
  public internal(set) var slots: [KeySlot?]
  /// The slots that break a rule, which only `KeyEditor` accepts; nil in `slots`.
  private(set) var damaged: [Int] = []

  /// The length of the section with a number of slots.
  static func byteCount(slots: Int) -> Int { headByteCount + slots * KeySlot.byteCount }

  /// The greatest length of the section in bytes.
  static let limit = UInt64(byteCount(slots: Int(maximumSlots)))

  /// Where a slot begins in the section.
  static func offset(ofSlot index: Int) -> Int { headByteCount + index * KeySlot.byteCount }

  /// A new file's keys.
  init(seal: [UInt8], slots: [KeySlot]) {
    precondition(slots.count <= Self.usualSlots, "more keys than slots")
    self.seal = seal
    self.slots =
      slots + Array(repeating: KeySlot?.none, count: Self.usualSlots - slots.count)
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.cipher)
    writer.write(UInt32(clamping: slots.count))
    writer.write(seal)
    writer.writeZeros(8)
    for slot in slots { writer.write(KeySlot.encode(slot)) }
    return writer.bytes
  }

  /// - Parameter acceptsDamage: Whether a slot may break a rule.
  init(_ section: Section, acceptsDamage: Bool = false) throws(MalformedFile) {
    var reader = section.reader
    guard try reader.read() == Self.cipher else { throw reader.error("an unknown cipher; update") }
    let count = try reader.readSize("key slots", 1...Self.maximumSlots)
    seal = try reader.readBytes(AES256GCM.tagByteCount)
    try reader.expectZeros(8)
    slots = []
    for index in 0..<count {
      var slot = reader
      _ = try reader.readBytes(KeySlot.byteCount)
      do throws(MalformedFile) {
        slots.append(try KeySlot.read(&slot))
      } catch {
        guard acceptsDamage else { throw error }
        slots.append(nil)
        damaged.append(Int(index))
      }
    }
    try reader.expectEnd()
  }
}
