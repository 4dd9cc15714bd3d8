public import ByteIO

/// A place for a snapshot's data key, encrypted by the key of one user (spec, section 12.2).
///
/// ```
///  0     4     8   12   16      48           80    96       120        128
///  ┌─────┬─────┬───┬────┬───────┬────────────┬─────┬────────┬──────────┐
///  │kind │cost │ r │ p  │ salt  │wrapped key │ tag │   0    │ checksum │
///  └─────┴─────┴───┴────┴───────┴────────────┴─────┴────────┴──────────┘
/// ```
public struct KeySlot: Sendable, Equatable {
  /// What the slot key comes from.
  public enum Kind: Sendable, Equatable {
    /// The bytes of a key file.
    case keyFile
    /// A passphrase, by scrypt.
    case passphrase(KeyDerivation.Cost)
    /// A kind of another program, or of a later version. No key here opens it.
    case other(UInt32)
  }

  /// The length of a slot in bytes.
  public static let byteCount = 128
  private static let saltByteCount = 32
  /// scrypt may take 256 MiB, and some seconds.
  private static let (greatestMemory, greatestWork) = (1 << 28, 1 << 22)
  /// What a new slot for a passphrase costs: 128 MiB, and a third of a second.
  private static let usualCost = KeyDerivation.Cost(log2N: 17, r: 8, p: 1)

  /// What opens it.
  public let kind: Kind

  /// Whether a passphrase opens it.
  var takesPassphrase: Bool {
    if case .passphrase = kind { true } else { false }
  }

  /// The bytes of the slot.
  let encoded: [UInt8]

  /// The bytes before the wrapped key, which the tag proves, too.
  private var head: [UInt8] { Array(encoded[..<Self.wrappedOffset]) }
  /// The wrapped key and its tag.
  private var wrapped: [UInt8] {
    let count = AES256GCM.keyByteCount + AES256GCM.tagByteCount
    return Array(encoded[Self.wrappedOffset..<Self.wrappedOffset + count])
  }
  private static let wrappedOffset = 48

  /// Puts a data key into a new slot.
  init(_ dataKey: [UInt8], for secret: Secret) {
    kind = secret.isPassphrase ? .passphrase(Self.usualCost) : .keyFile
    let salt = KeyDerivation.randomBytes(Self.saltByteCount)
    let head = Self.head(kind, salt: salt)
    guard let key = Self.slotKey(kind, secret, salt: salt) else {
      preconditionFailure("no memory for scrypt")
    }
    let wrapped = AES256GCM.seal(dataKey, key: key, nonce: Self.nonce, additional: head)
    let bytes = head + wrapped + [UInt8](repeating: 0, count: 24)
    var writer = ByteWriter()
    writer.write(bytes)
    writer.write(Checksum.of(bytes))
    encoded = writer.bytes
  }

  /// The data key, if the secret, which fits the kind, opens the slot.
  func dataKey(_ secret: Secret) -> [UInt8]? {
    let salt = Array(head.suffix(Self.saltByteCount))
    guard let key = Self.slotKey(kind, secret, salt: salt) else { return nil }
    var bytes = wrapped
    guard
      AES256GCM.open(
        &bytes, count: bytes.count, key: key, nonce: Self.nonce, additional: head)
    else { return nil }
    return Array(bytes.prefix(AES256GCM.keyByteCount))
  }

  private static let nonce = [UInt8](repeating: 0, count: AES256GCM.nonceByteCount)

  private static func slotKey(_ kind: Kind, _ secret: Secret, salt: [UInt8]) -> [UInt8]? {
    switch kind {
    case .keyFile: KeyDerivation.extract(secret.bytes, salt: salt)
    case .passphrase(let cost): KeyDerivation.scrypt(secret.bytes, salt: salt, cost: cost)
    case .other: nil
    }
  }

  private static func head(_ kind: Kind, salt: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    switch kind {
    case .keyFile:
      writer.write(UInt32(1))
      writer.writeZeros(12)
    case .passphrase(let cost):
      for number in [2, cost.log2N, cost.r, cost.p] { writer.write(UInt32(number)) }
    case .other: preconditionFailure("a slot of an unknown kind is not made")
    }
    writer.write(salt)
    return writer.bytes
  }

  /// The bytes of a slot; nil is an empty one.
  static func encode(_ slot: KeySlot?) -> [UInt8] {
    slot?.encoded ?? [UInt8](repeating: 0, count: byteCount)
  }

  /// Reads a slot; nil if it is empty.
  static func read(_ reader: inout ByteReader) throws(MalformedFile) -> KeySlot? {
    var fields = reader
    let bytes = try reader.readBytes(byteCount)
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    var end = fields
    _ = try end.readBytes(byteCount - 8)
    guard try end.read() == Checksum.of(Array(bytes.dropLast(8))) else {
      throw fields.error("a key slot with another checksum")
    }
    return try KeySlot(&fields, bytes)
  }

  private init(_ reader: inout ByteReader, _ bytes: [UInt8]) throws(MalformedFile) {
    encoded = bytes
    let number = try reader.read(UInt32.self)
    switch number {
    case 0: throw reader.error("an empty key slot with bytes in it")
    case 1:
      kind = .keyFile
      try reader.expectZeros(12)
    case 2:
      let cost = KeyDerivation.Cost(
        log2N: try Self.number(&reader, "cost", 10...20), r: try Self.number(&reader, "r", 1...32),
        p: try Self.number(&reader, "p", 1...16))
      // N < 2^(128·r/8) is scrypt's own rule.
      guard cost.log2N < 16 * cost.r, cost.bytes <= Self.greatestMemory,
        cost.r * cost.p << cost.log2N <= Self.greatestWork
      else { throw reader.error("a passphrase that would take too much memory or time") }
      kind = .passphrase(cost)
    default:
      kind = .other(number)
      return
    }
    _ = try reader.readBytes(Self.byteCount - 16 - 24 - 8)
    try reader.expectZeros(24)
  }

  private static func number(
    _ reader: inout ByteReader, _ name: String, _ range: ClosedRange<UInt32>
  ) throws(MalformedFile) -> Int {
    let number = try reader.read(UInt32.self)
    guard range ~= number else {
      throw reader.error(
        "a passphrase's \(name) is \(number), not \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(number)
  }
}
