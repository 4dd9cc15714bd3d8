import ByteIO

/// A file of the container, taken apart without checks, and put together with what the container
/// needs: offsets, padding, sizes and checksums (spec, section 2).
struct ContainerImage {
  struct Section {
    var type: UInt32
    var bytes: [UInt8]
  }

  /// The 64 bytes of the header; size, section count and checksums are set when encoding.
  var header: [UInt8]
  var sections: [Section]

  static let headerByteCount = 64
  static let entryByteCount = 32
  private static let maximumSections = 64

  /// Takes a file apart. Nil if it is too short for a section, or if overlapping sections are
  /// longer than any file.
  init?(_ file: [UInt8]) {
    let places = Self.places(file)
    guard !places.isEmpty, places.reduce(0, { $0 + $1.count }) <= 2 * file.count else { return nil }
    header = Array(file[..<Self.headerByteCount])
    sections = places.enumerated().map { index, place in
      let type = file.u32(Self.headerByteCount + index * Self.entryByteCount)
      return Section(type: type, bytes: Array(file[place]))
    }
  }

  /// The sections' ranges by the directory, cut to the file.
  static func places(_ file: [UInt8]) -> [Range<Int>] {
    let room = max(0, file.count - headerByteCount) / entryByteCount
    let count = min(Int(file.u32(40)), room, maximumSections)
    return (0..<count).map { index in
      let entry = headerByteCount + index * entryByteCount
      let start = Int(min(file.u64(entry + 8), UInt64(file.count)))
      return start..<start + Int(min(file.u64(entry + 16), UInt64(file.count - start)))
    }
  }

  /// The section of a type, or nil.
  subscript(_ type: String) -> [UInt8]? {
    get { sections.first { $0.type == Self.rawType(type) }?.bytes }
    set {
      let index = sections.firstIndex { $0.type == Self.rawType(type) }
      if let index { sections[index].bytes = newValue ?? [] }
    }
  }

  /// The directory's field for a type of four letters.
  static func rawType(_ letters: String) -> UInt32 {
    letters.utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The whole file.
  var encoded: [UInt8] {
    var file = header
    file.resize(to: Self.headerByteCount + sections.count * Self.entryByteCount)
    for (index, section) in sections.enumerated() {
      file.resize(to: (file.count + 63) / 64 * 64)
      let entry = Self.headerByteCount + index * Self.entryByteCount
      file.set(section.type, at: entry)
      file.set(UInt64(file.count), at: entry + 8)
      file.set(UInt64(section.bytes.count), at: entry + 16)
      file += section.bytes
    }
    file.set(UInt32(sections.count), at: 40)
    file.set(UInt64(file.count), at: 32)
    Self.repairChecksums(&file)
    return file
  }

  /// Sets the checksums of sections, directory and header, at the directory's offsets.
  static func repairChecksums(_ file: inout [UInt8]) {
    let places = places(file)
    for (index, place) in places.enumerated() {
      let entry = headerByteCount + index * entryByteCount
      let hasOwn = [rawType("DATA"), rawType("KEYS")].contains(file.u32(entry))
      file.set(hasOwn ? 0 : Checksum.of(Array(file[place])), at: entry + 24)
    }
    let directoryEnd = headerByteCount + places.count * entryByteCount
    guard directoryEnd <= file.count else { return }
    file.set(Checksum.of(Array(file[headerByteCount..<directoryEnd])), at: 48)
    file.set(Checksum.of(Array(file[..<56])), at: 56)
  }
}
