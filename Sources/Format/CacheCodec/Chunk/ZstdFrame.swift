import ByteIO
import CZstd

/// Checks a stream's zstd frame (spec, section 5.5) by its headers alone (RFC 8878, section 3.1.1),
/// before anything is allocated.
enum ZstdFrame {
  private static let maximumWindow: UInt64 = 1 << 27
  private static let maximumBlock: UInt64 = 1 << 17

  /// Whether a frame of `length` bytes may decode to `count` bytes: a few bytes must not become
  /// gigabytes.
  static func mayExpand(_ length: Int, to count: Int) -> Bool {
    count <= 1 << 20 + 64 * length
  }

  /// What is wrong with bytes that should be one frame of `count` decoded bytes; nil if nothing is.
  static func problem(_ frame: RawSpan, count: Int) -> String? {
    // The magic of RFC 8878 comes first: libzstd may also take frames of older formats.
    guard frame.byteCount >= 6,
      unsafe frame.unsafeLoadUnaligned(as: UInt32.self) == UInt32(0xfd2f_b528).littleEndian
    else {
      return "not a zstd frame"
    }
    let (size, length) = unsafe frame.withUnsafeBytes { frame in
      unsafe (
        ZSTD_getFrameContentSize(frame.baseAddress, frame.count),
        ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
      )
    }
    guard size == UInt64(count) else {
      return "a zstd frame that does not say it decodes to \(count) bytes"
    }
    guard length == frame.byteCount else { return "not exactly one zstd frame" }
    guard mayExpand(frame.byteCount, to: count) else { return "a zstd frame that expands too much" }
    let window = window(frame, count: count)
    guard window <= maximumWindow else { return "a zstd frame of too wide a window" }
    guard blocksFit(frame, atMost: min(window, maximumBlock)) else {
      return "a zstd block that is too large"
    }
    return nil
  }

  /// Window_Size; in a frame of a single segment, the content's size.
  private static func window(_ frame: RawSpan, count: Int) -> UInt64 {
    guard byte(frame, 4) & 0x20 == 0 else { return UInt64(count) }
    let descriptor = UInt64(byte(frame, 5))
    let base = UInt64(1) << (10 + descriptor >> 3)
    return base + base / 8 * (descriptor & 7)
  }

  /// Checks the headers of all blocks. libzstd has already found them to be within the frame.
  private static func blocksFit(_ frame: RawSpan, atMost limit: UInt64) -> Bool {
    let descriptor = byte(frame, 4)
    let isSingle = descriptor & 0x20 != 0
    let sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    let dictionaryBytes = [0, 1, 2, 4][Int(descriptor & 3)]
    var position = 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes
    while position + 3 <= frame.byteCount {
      let header =
        UInt64(byte(frame, position)) | UInt64(byte(frame, position + 1)) << 8
        | UInt64(byte(frame, position + 2)) << 16
      guard header >> 3 <= limit else { return false }
      if header & 1 == 1 { return true }
      position += 3 + (header >> 1 & 3 == 1 ? 1 : Int(header >> 3))
    }
    return false
  }

  private static func byte(_ frame: RawSpan, _ position: Int) -> UInt8 {
    unsafe frame.unsafeLoad(fromByteOffset: position, as: UInt8.self)
  }
}
