/// Replaces libFuzzer's bytes by those that `mutated` makes of them, cut to `maximum`: a cut is
/// also worth trying.
@unsafe func mutateInPlace(
  _ bytes: UnsafeMutablePointer<UInt8>, count: Int, maximum: Int, seed: UInt32,
  _ mutated: (_ file: [UInt8], _ growth: Int, inout RandomSource) -> [UInt8]
) -> Int {
  let buffer = unsafe UnsafeMutableBufferPointer(start: bytes, count: maximum)
  var random = RandomSource(seed: seed)
  let file = unsafe mutated(Array(buffer[..<count]), maximum - count, &random)
  let size = min(file.count, maximum)
  unsafe _ = buffer.update(fromContentsOf: file[..<size])
  return size
}
