import ByteIO
import TestSupport
import Testing

/// Published values. Sources: the GCM specification of McGrew and Viega (test cases 13 to 16),
/// RFC 4231, RFC 7914.
@Suite("Encryption and derived keys have the published values")
struct CryptoVectorTests {
  private let key = hex(
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
  private let nonce = hex("cafebabefacedbaddecaf888")
  private let message = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
  private let additional = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
  private let sealed = hex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      + "76fc6ece0f4e1768cddf8853bb2d551b")

  private static func hex(_ text: String) -> [UInt8] {
    stride(from: 0, to: text.utf8.count, by: 2).compactMap {
      UInt8(text.dropFirst($0).prefix(2), radix: 16)
    }
  }

  @Test("AES-256-GCM")
  func gcm() {
    #expect(
      AES256GCM.seal(message, key: key, nonce: nonce, additional: additional) == sealed)
    var bytes = sealed + [7]
    #expect(
      AES256GCM.open(
        &bytes, count: sealed.count, key: key, nonce: nonce, additional: additional))
    #expect(bytes.starts(with: message) && bytes.last == 7)
    let zeros = [UInt8](repeating: 0, count: 32)
    #expect(
      AES256GCM.seal([], key: zeros, nonce: Array(zeros.prefix(12)))
        == Self.hex("530f8afbc74536b9a963b4f1c4cb738b"))
  }

  @Test("a changed bit anywhere gives nothing but zeros")
  func changedBits() {
    for bit in 0..<sealed.count * 8 {
      var bytes = sealed
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(
        !AES256GCM.open(
          &bytes, count: bytes.count, key: key, nonce: nonce, additional: additional))
      #expect(bytes.allSatisfy { $0 == 0 })
    }
    var short = Array(sealed.prefix(15))
    #expect(!AES256GCM.open(&short, count: 15, key: key, nonce: nonce))
  }

  @Test("HMAC-SHA-256")
  func extract() {
    #expect(
      KeyDerivation.extract(
        Array("what do ya want for nothing?".utf8), salt: Array("Jefe".utf8))
        == Self.hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
  }

  @Test("scrypt")
  func scrypt() {
    let cost = KeyDerivation.Cost(log2N: 14, r: 8, p: 1)
    let key = KeyDerivation.scrypt(
      Array("pleaseletmein".utf8), salt: Array("SodiumChloride".utf8), cost: cost)
    #expect(
      key == Self.hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"))
    let impossible = KeyDerivation.Cost(log2N: 40, r: 1 << 20, p: 1)
    #expect(impossible.bytes == .max)
  }
}
