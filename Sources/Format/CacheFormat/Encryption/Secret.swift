/// A key as its user has it (spec, section 12.2).
public struct Secret: Sendable, Equatable {
  /// The bytes of a key file, or a passphrase in UTF-8.
  let bytes: [UInt8]
  /// Whether it is a passphrase.
  let isPassphrase: Bool

  /// The lengths that a key file may have, in bytes.
  public static let keyFileByteCounts = 32...65536
  /// The lengths that a passphrase may have, in bytes.
  public static let passphraseByteCounts = 1...1024

  /// The bytes of a key file; nil if there are too few or too many.
  public init?(keyFile bytes: [UInt8]) {
    guard Self.keyFileByteCounts.contains(bytes.count) else { return nil }
    (self.bytes, isPassphrase) = (bytes, false)
  }

  /// A passphrase in UTF-8; nil if it is too short or too long.
  public init?(passphrase bytes: [UInt8]) {
    guard Self.passphraseByteCounts.contains(bytes.count) else { return nil }
    (self.bytes, isPassphrase) = (bytes, true)
  }

  func fits(_ kind: KeySlot.Kind) -> Bool {
    switch kind {
    case .keyFile: !isPassphrase
    case .passphrase: isPassphrase
    case .other: false
    }
  }
}
