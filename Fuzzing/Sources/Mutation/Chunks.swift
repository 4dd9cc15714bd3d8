import ByteIO

/// The chunks of a snapshot: entries of 24 bytes in `CHNK`, and their bytes in `DATA`.
enum Chunks {
  static let entryByteCount = 24

  /// Puts in the checksum of every chunk that lies within `DATA`.
  static func repairChecksums(_ image: inout ContainerImage) {
    guard var table = image["CHNK"], let data = image["DATA"] else { return }
    for (index, place) in places(table, data).enumerated() {
      table.set(Checksum.of(Array(data[place])), at: index * entryByteCount + 8)
    }
    image["CHNK"] = table
  }

  /// Changes one chunk's bytes, and the length that the table gives it.
  static func mutate(_ image: inout ContainerImage, growth: Int, _ random: inout RandomSource) {
    guard var table = image["CHNK"], var data = image["DATA"] else { return }
    let places = places(table, data)
    guard !places.isEmpty else { return }
    let index = random.below(places.count)
    var chunk = Array(data[places[index]])
    chunk.mutate(growth: min(growth, 64))
    data.replaceSubrange(places[index], with: chunk)
    table.set(UInt64(chunk.count), at: index * entryByteCount)
    image["DATA"] = data
    image["CHNK"] = table
  }

  /// Where the chunks are, up to the first that leaves `DATA`.
  static func places(_ table: [UInt8], _ data: [UInt8]) -> [Range<Int>] {
    var places: [Range<Int>] = []
    var start = 0
    for entry in stride(from: 0, through: table.count - entryByteCount, by: entryByteCount) {
      let length = table.u64(entry)
      guard length <= UInt64(data.count - start) else { break }
      places.append(start..<start + Int(length))
      start += Int(length)
    }
    return places
  }
}
