/// Changes a safetensors file. Mostly it corrects the header's length, and the number of bytes
/// after the header.
public enum SafetensorsMutator {
  private static let prefixByteCount = 8

  /// The body of `LLVMFuzzerCustomMutator`: changes `count` bytes in place, to at most `maximum`,
  /// and returns how many there are then.
  @unsafe public static func mutate(
    _ bytes: UnsafeMutablePointer<UInt8>, count: Int, maximum: Int, seed: UInt32
  ) -> Int {
    unsafe mutateInPlace(bytes, count: count, maximum: maximum, seed: seed, mutated)
  }

  private static func mutated(
    _ file: [UInt8], growth: Int, _ random: inout RandomSource
  ) -> [UInt8] {
    var file = file
    let length = file.u64(0)
    guard !random.oneIn(16), file.count >= prefixByteCount,
      length <= UInt64(file.count - prefixByteCount)
    else {
      file.mutate(growth: growth)
      return file
    }
    let headerEnd = prefixByteCount + Int(length)
    var header = Array(file[prefixByteCount..<headerEnd])
    var values = Array(file[headerEnd...])
    header.mutate(growth: growth)
    if !random.oneIn(4), let end = end(header) { values.resize(to: end) }
    var start = [UInt8](repeating: 0, count: prefixByteCount)
    start.set(UInt64(header.count), at: 0)
    return start + header + values
  }

  /// The greatest number at the end of a list, if a file may be so long.
  private static func end(_ header: [UInt8]) -> Int? {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let numbers = header.split(separator: UInt8(ascii: "]")).compactMap { list -> Int? in
      let number = list.suffix(5).drop { !digits.contains($0) }
      return Int(String(decoding: number, as: UTF8.self))
    }
    return numbers.filter { $0 <= 1 << 12 }.max()
  }
}
