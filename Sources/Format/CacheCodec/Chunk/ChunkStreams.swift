import ByteIO
import CacheFormat

/// A chunk's streams, each either as stored or decompressed (spec, section 5.5).
///
/// ```
///  0         4·S
///  ┌─────────┬──────────┬──────────┬─ ─ ─┬──────────┐
///  │ lengths │ stream 0 │ stream 1 │     │ checksum │
///  │ S × u32 │          │          │     │ u64      │
///  └─────────┴──────────┴──────────┴─ ─ ─┴──────────┘
/// ```
///
/// A stream as long as its decoded length is stored as it is; a shorter one is a zstd frame. The
/// checksum covers the decoded frames, and exists if any stream is a frame.
///
/// One value serves chunk after chunk and keeps its memory: reading into new memory costs more than
/// decoding.
struct ChunkStreams: ~Copyable {
  /// Where a stream's decoded bytes are.
  private struct Source {
    var isStored: Bool
    var offset: Int
  }

  private struct Frame {
    var stored, decoded: Range<Int>
  }

  /// Memory that is kept from chunk to chunk; only the part that the present chunk fills is valid.
  private var stored: [UInt8] = []
  private var decoded: [UInt8] = []
  private var sources: [Source] = []
  private let decompressor = ZstdDecompressor()

  /// Reads a chunk, separates its streams, and verifies the checksum of the decoded bytes: decoders
  /// differ on malformed frames.
  ///
  /// - Parameter read: Reads and verifies the stored bytes, and says how many of the buffer they
  ///   are.
  /// - Throws: `MalformedFile`, `SystemError`. Nothing is allocated before the file is known to
  ///   hold the chunk and every frame's header agrees.
  mutating func load(
    shape: ChunkShape, place: ChunkPlace, _ read: (inout [UInt8]) throws -> Int
  ) throws {
    let count = try read(&stored)
    let (found, frames, decodedChecksum) = try findStreams(
      count, decodedLengths: shape.streamLengths, place: place)
    sources = found
    try decode(frames, place: place)
    let frameBytes = unsafe decoded.span.bytes.extracting(
      first: frames.last?.decoded.upperBound ?? 0)
    guard decodedChecksum == nil || Checksum.of(frameBytes) == decodedChecksum else {
      throw place.decodedMismatch
    }
  }

  /// Finds the streams and checks the headers of those that are compressed.
  private func findStreams(
    _ count: Int, decodedLengths: [Int], place: ChunkPlace
  ) throws(MalformedFile) -> (sources: [Source], frames: [Frame], decodedChecksum: UInt64?) {
    var sources: [Source] = []
    let chunk = unsafe stored.span.bytes.extracting(first: count)
    var reader = ByteReader(
      chunk, path: place.path, section: place.section, base: place.offset)
    let lengths = try reader.readArray(UInt32.self, count: decodedLengths.count).map { Int($0) }
    var frames: [Frame] = []
    var (start, end) = (reader.position, 0)
    for (length, decoded) in zip(lengths, decodedLengths) {
      guard length <= decoded, length <= count - start else {
        throw place.error("a stream of \(length) bytes does not fit", at: start)
      }
      let isStored = length == decoded
      if !isStored,
        let problem = ZstdFrame.problem(chunk.extracting(start..<start + length), count: decoded)
      {
        throw place.error(problem, at: start)
      }
      sources.append(Source(isStored: isStored, offset: isStored ? start : end))
      if !isStored {
        frames.append(Frame(stored: start..<start + length, decoded: end..<end + decoded))
        end += decoded
      }
      start += length
    }
    let rest = frames.isEmpty ? 0 : ChunkShape.decodedChecksumByteCount
    guard start + rest == count else {
      throw place.error(
        "\(count - start) bytes after the last stream instead of \(rest)", at: start)
    }
    guard rest > 0 else { return (sources, frames, nil) }
    let checksum = chunk.extracting(start..<count)
    return (
      sources, frames,
      unsafe UInt64(littleEndian: checksum.unsafeLoadUnaligned(as: UInt64.self))
    )
  }

  private mutating func decode(_ frames: [Frame], place: ChunkPlace) throws(MalformedFile) {
    let needed = frames.last?.decoded.upperBound ?? 0
    if decoded.count < needed { decoded = [UInt8](repeating: 0, count: needed) }
    var failure: Int?
    unsafe decoded.withUnsafeMutableBytes { buffer in
      unsafe stored.withUnsafeBytes { stored in
        for frame in frames {
          let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[frame.decoded])
          let source = unsafe UnsafeRawBufferPointer(rebasing: stored[frame.stored])
          guard unsafe decompressor.decompress(source, into: target) else {
            failure = frame.stored.lowerBound
            return
          }
        }
      }
    }
    if let failure { throw place.error("a zstd frame that does not decode", at: failure) }
  }

  /// Calls `body` with the first byte of each stream.
  func withStreams<Result>(_ body: ([UnsafePointer<UInt8>]) throws -> Result) rethrows -> Result {
    // No pointer is nil: a chunk has at least its lengths, and an empty stream is not read.
    try unsafe stored.withUnsafeBufferPointer { stored in
      try unsafe decoded.withUnsafeBufferPointer { decoded in
        let streams = unsafe sources.compactMap { source in
          let base = source.isStored ? stored.baseAddress : decoded.baseAddress
          return unsafe base.map { unsafe $0 + source.offset }
        }
        return try unsafe body(streams)
      }
    }
  }
}
