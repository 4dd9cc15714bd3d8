import ByteIO

/// The encryption of a snapshot whose key file the fuzzer has (spec, section 12), so that what is
/// encrypted can be changed as somebody would who holds the key.
struct Encryption {
  private let dataKey: [UInt8]
  /// Where `CHNK` and `BLKS` have a unit's stored length, and where its checksum is.
  private typealias Unit = (entry: Int, place: Range<Int>)

  private static let headByteCount = 32
  private static let slotByteCount = 128
  private static let tagByteCount = AES256GCM.tagByteCount

  /// Decrypts all units. Nil, and nothing is changed, if no key file opens a slot.
  init?(opening image: inout ContainerImage) {
    guard let keys = image["KEYS"], let key = Self.dataKey(keys) else { return nil }
    dataKey = key
    for (index, section) in image.sections.enumerated() where Self.isUnit(section) {
      image.sections[index].bytes = opened(section.bytes, kind: 1, index)
    }
    changeUnits(&image, opened)
  }

  /// Encrypts all units and corrects their lengths and checksums.
  func close(_ image: inout ContainerImage) {
    changeUnits(&image, sealed)
    for (index, section) in image.sections.enumerated() where Self.isUnit(section) {
      image.sections[index].bytes = sealed(section.bytes, kind: 1, index)
    }
  }

  /// Sets the seal over header and directory of a file.
  func seal(_ file: inout [UInt8]) {
    let places = ContainerImage.places(file)
    let end = ContainerImage.headerByteCount + places.count * ContainerImage.entryByteCount
    for (index, place) in places.enumerated() {
      let entry = ContainerImage.headerByteCount + index * ContainerImage.entryByteCount
      guard file.u32(entry) == ContainerImage.rawType("KEYS"), place.count >= Self.headByteCount
      else { continue }
      let tag = AES256GCM.seal(
        [], key: dataKey, nonce: Self.nonce(kind: 0, 0), additional: Array(file[..<end]))
      file.replaceSubrange(place.lowerBound + 8..<place.lowerBound + 24, with: tag)
    }
  }

  /// Encrypts or decrypts what `CHNK` and `BLKS` name in `DATA`, and leaves the rest as it is.
  private func changeUnits(
    _ image: inout ContainerImage,
    _ change: (_ bytes: [UInt8], _ kind: UInt32, _ index: Int) -> [UInt8]
  ) {
    guard let data = image["DATA"] else { return }
    var (changed, end) = ([UInt8](), 0)
    for (type, kind, units) in [
      ("CHNK", UInt32(2), Self.chunks(image)), ("BLKS", 3, Blocks.places(image)),
    ] {
      guard var table = image[type] else { continue }
      for (index, (entry, place)) in units.enumerated() {
        let unit = place.isEmpty ? [] : change(Array(data[place]), kind, index)
        table.set(UInt64(unit.count), at: entry)
        table.set(Checksum.of(unit), at: entry + 8)
        changed += unit
        end = place.upperBound
      }
      image[type] = table
    }
    image["DATA"] = changed + data[end...]
  }

  private static func chunks(_ image: ContainerImage) -> [Unit] {
    guard let table = image["CHNK"], let data = image["DATA"] else { return [] }
    return Chunks.places(table, data).enumerated().map { index, place in
      (index * Chunks.entryByteCount, place)
    }
  }

  private func sealed(_ bytes: [UInt8], kind: UInt32, _ index: Int) -> [UInt8] {
    AES256GCM.seal(bytes, key: dataKey, nonce: Self.nonce(kind: kind, index))
  }

  /// The plain bytes of a unit; zeros if it is not authentic.
  private func opened(_ bytes: [UInt8], kind: UInt32, _ index: Int) -> [UInt8] {
    guard bytes.count >= Self.tagByteCount else { return [] }
    var bytes = bytes
    _ = AES256GCM.open(
      &bytes, count: bytes.count, key: dataKey, nonce: Self.nonce(kind: kind, index))
    return bytes.dropLast(Self.tagByteCount)
  }

  private static func isUnit(_ section: ContainerImage.Section) -> Bool {
    ![ContainerImage.rawType("KEYS"), ContainerImage.rawType("DATA")].contains(section.type)
  }

  private static func nonce(kind: UInt32, _ index: Int) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: AES256GCM.nonceByteCount)
    nonce.set(kind, at: 0)
    nonce.set(UInt64(index), at: 4)
    return nonce
  }

  /// The data key of the first slot for a key file that opens.
  private static func dataKey(_ keys: [UInt8]) -> [UInt8]? {
    for start in stride(from: headByteCount, through: keys.count - slotByteCount, by: slotByteCount)
    where keys.u32(start) == 1 {
      let slot = Array(keys[start..<start + slotByteCount])
      for secret in FuzzKeys.files {
        let key = KeyDerivation.extract(secret, salt: Array(slot[16..<48]))
        var wrapped = Array(slot[48..<96])
        let nonce = [UInt8](repeating: 0, count: AES256GCM.nonceByteCount)
        if AES256GCM.open(
          &wrapped, count: wrapped.count, key: key, nonce: nonce, additional: Array(slot[..<48]))
        {
          return wrapped.dropLast(tagByteCount)
        }
      }
    }
    return nil
  }
}
