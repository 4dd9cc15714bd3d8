import ByteIO
import CFuzzing

/// The chunks of a snapshot: entries of 24 bytes in `CHNK`, and their bytes in `DATA`.
enum Chunks {
  static let entryByteCount = 24
  /// Where an entry has its codec.
  static let codecOffset = 16

  /// Sets the checksum of every chunk that lies within `DATA`, and of what its frames decode to.
  static func repairChecksums(_ image: inout ContainerImage) {
    guard var table = image["CHNK"], var data = image["DATA"] else { return }
    for (index, place) in places(table, data).enumerated() {
      let (entry, chunk) = (index * entryByteCount, Array(data[place]))
      let codec = table.u32(entry + codecOffset)
      let streams = streams(of: codec)
      let decoded = decodedFrames(chunk, streams: streams)
      if !decoded.isEmpty, place.count >= 8 {
        data.set(Checksum.of(decoded), at: place.upperBound - 8)
      }
      table.set(Checksum.of(Array(data[place])), at: entry + 8)
    }
    image["CHNK"] = table
    image["DATA"] = data
  }

  /// How many streams a chunk of a codec has.
  static func streams(of codec: UInt32) -> Int {
    switch codec {
    case 3, 4: 2
    case 5, 6: 5
    case 9, 10: 1
    case 11: 34
    default: 4
    }
  }

  /// The bytes that the frames among a chunk's streams decode to. More than a small snapshot's
  /// frames hold is left out.
  private static func decodedFrames(_ chunk: [UInt8], streams: Int) -> [UInt8] {
    var (all, start) = ([UInt8](), 4 * streams)
    var target = [UInt8](repeating: 0, count: 1 << 14)
    for stream in 0..<streams {
      let end = start + Int(chunk.u32(4 * stream))
      guard end <= chunk.count else { break }
      let frame = Array(chunk[start..<end])
      let count = unsafe fz_decode_frame(frame, frame.count, &target, target.count)
      if count > frame.count { all += target.prefix(count) }
      start = end
    }
    return all
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

  /// The chunks' ranges, up to the first chunk that leaves `DATA`.
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
