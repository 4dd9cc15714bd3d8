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
  /// The bytes before the wrapped key, which the tag proves, too.
  private let head: [UInt8]
  /// The wrapped key and its tag.
  private let wrapped: [UInt8]

  /// Puts a data key into a new slot.
  init(_ dataKey: [UInt8], for secret: Secret) {
    kind = secret.isPassphrase ? .passphrase(Self.usualCost) : .keyFile
    let salt = KeyDerivation.randomBytes(Self.saltByteCount)
    head = Self.head(kind, salt: salt)
    guard let key = Self.slotKey(kind, secret, salt: salt) else {
      preconditionFailure("no memory for scrypt")
    }
    wrapped = AES256GCM.seal(dataKey, key: key, nonce: Self.nonce, additional: head)
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
    }
    writer.write(salt)
    return writer.bytes
  }

  /// The bytes of a slot; nil is an empty one.
  static func encode(_ slot: KeySlot?) -> [UInt8] {
    slot?.encoded ?? [UInt8](repeating: 0, count: byteCount)
  }

  /// The bytes of the slot.
  var encoded: [UInt8] {
    let bytes = head + wrapped + [UInt8](repeating: 0, count: 24)
    var writer = ByteWriter()
    writer.write(bytes)
    writer.write(Checksum.of(bytes))
    return writer.bytes
  }

  /// Reads a slot; nil if it is empty.
  static func read(_ reader: inout ByteReader) throws(MalformedFile) -> KeySlot? {
    var fields = reader
    let bytes = try reader.readBytes(byteCount)
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    let slot = try KeySlot(&fields)
    guard try fields.read() == Checksum.of(Array(bytes.dropLast(8))) else {
      throw fields.error("a key slot with another checksum; copy the file again")
    }
    return slot
  }

  private init(_ reader: inout ByteReader) throws(MalformedFile) {
    let number = try reader.read(UInt32.self)
    switch number {
    case 1:
      kind = .keyFile
      try reader.expectZeros(12)
    case 2:
      let cost = KeyDerivation.Cost(
        log2N: try reader.readSize("cost", 10...20), r: try reader.readSize("r", 1...32),
        p: try reader.readSize("p", 1...16))
      // N < 2^(128·r/8) is scrypt's own rule.
      guard cost.log2N < 16 * cost.r, cost.bytes <= Self.greatestMemory,
        cost.r * cost.p << cost.log2N <= Self.greatestWork
      else { throw reader.error("a passphrase that would take too much memory or time") }
      kind = .passphrase(cost)
    default: throw reader.error("an unknown kind of key slot: \(number)")
    }
    head = Self.head(kind, salt: try reader.readBytes(Self.saltByteCount))
    wrapped = try reader.readBytes(AES256GCM.keyByteCount + AES256GCM.tagByteCount)
    try reader.expectZeros(24)
  }
}
