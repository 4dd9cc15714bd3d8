import ByteIO

/// The blocks of a transform-coded snapshot: entries of 24 bytes in `BLKS`, and their bytes in
/// `DATA`, after the chunks.
enum Blocks {
  private static let entryByteCount = 24

  /// Sets the checksum of every block that lies within `DATA`.
  static func repairChecksums(_ image: inout ContainerImage) {
    guard var table = image["BLKS"], let data = image["DATA"] else { return }
    for (entry, place) in places(image) {
      table.set(Checksum.of(Array(data[place])), at: entry + 8)
    }
    image["BLKS"] = table
  }

  /// Changes one block's bytes, and the length that the table gives it.
  static func mutate(_ image: inout ContainerImage, growth: Int, _ random: inout RandomSource) {
    let places = places(image)
    guard !places.isEmpty, var table = image["BLKS"], var data = image["DATA"] else { return }
    let (entry, place) = places[random.below(places.count)]
    var block = Array(data[place])
    block.mutate(growth: min(growth, 64))
    data.replaceSubrange(place, with: block)
    table.set(UInt64(block.count), at: entry)
    image["DATA"] = data
    image["BLKS"] = table
  }

  /// Where each block's entry and its bytes are, up to the first block that leaves `DATA`.
  static func places(_ image: ContainerImage) -> [(entry: Int, place: Range<Int>)] {
    guard let table = image["BLKS"], let data = image["DATA"], let chunks = image["CHNK"] else {
      return []
    }
    let counts = 36 + Int(min(table.u32(32), UInt32(table.count)))
    let fields = Int(min(table.u32(counts), 1 << 12)) + Int(min(table.u32(counts + 4), 1 << 12))
    var places: [(entry: Int, place: Range<Int>)] = []
    var start = Chunks.places(chunks, data).last?.upperBound ?? 0
    let first = counts + 8 + 4 * fields
    for entry in stride(from: first, through: table.count - entryByteCount, by: entryByteCount) {
      let length = table.u64(entry)
      guard length <= UInt64(data.count - start) else { break }
      places.append((entry, start..<start + Int(length)))
      start += Int(length)
    }
    return places
  }
}
