import ByteIO

/// Encrypts and decrypts the units of one file, each with a nonce of its own (spec, section 12.1).
public struct UnitCipher: Sendable {
  /// A part of a file that is encrypted by itself.
  public enum Unit: Sendable {
    /// Nothing: the tag proves header and directory.
    case seal
    /// A section, by its place in the directory.
    case section(Int)
    /// A chunk, by its place in `CHNK`.
    case chunk(Int)
    /// A block, by its place in `BLKS`.
    case block(Int)

    fileprivate var nonce: [UInt8] {
      let (group, index): (UInt32, Int) =
        switch self {
        case .seal: (0, 0)
        case .section(let index): (1, index)
        case .chunk(let index): (2, index)
        case .block(let index): (3, index)
        }
      var writer = ByteWriter()
      writer.write(group)
      writer.write(UInt64(index))
      return writer.bytes
    }
  }

  /// How much longer a unit becomes.
  public static let overhead = AES256GCM.tagByteCount

  let dataKey: [UInt8]

  /// The cipher of a file with this data key.
  init(dataKey: [UInt8]) { self.dataKey = dataKey }

  /// The cipher of a new file. No other file has its key, so no nonce repeats.
  init() { dataKey = KeyDerivation.randomBytes(AES256GCM.keyByteCount) }

  /// The stored bytes of a unit, which must be sealed once.
  public func seal(_ bytes: [UInt8], _ unit: Unit) -> [UInt8] {
    AES256GCM.seal(bytes, key: dataKey, nonce: unit.nonce)
  }

  /// Decrypts a unit's first `count` bytes where they are: all but the last 16 are then plain.
  ///
  /// - Returns: Whether they are authentic; otherwise they become zeros.
  public func open(_ bytes: inout [UInt8], count: Int, _ unit: Unit) -> Bool {
    AES256GCM.open(&bytes, count: count, key: dataKey, nonce: unit.nonce)
  }

  /// The tag that proves header and directory.
  func seal(ofHead bytes: [UInt8]) -> [UInt8] {
    AES256GCM.seal([], key: dataKey, nonce: Unit.seal.nonce, additional: bytes)
  }
}
