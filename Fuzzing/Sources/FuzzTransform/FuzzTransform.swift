import ByteIO
import CacheCodec
import CacheFormat
import Harness
import Mutation
import QFilters
import Transforms

private nonisolated(unsafe) var harness = Harness { $0 is MalformedFile }

/// libFuzzer calls this with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  unsafe harness.run(RawSpan(_unsafeStart: bytes, count: count), check)
  return 0
}

/// libFuzzer calls this for every new input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: CUnsignedInt
) -> Int {
  unsafe ContainerMutator.mutate(bytes, count: count, maximum: maximum, seed: seed)
}

/// A transform that is accepted is finite, says what each quality codes, and reads the same again.
/// Sums that are accepted can be added to themselves.
private func check(_ path: String) throws {
  if try ContainerReader(path: path).header.kind == .transformSums {
    try checkSums(path)
    return
  }
  let file = try TransformFile(path: path)
  let transform = file.transform
  let heads = transform.groups.reduce(0) { $0 + $1.heads.count }
  require(heads == transform.shape.heads, "the groups have all heads")
  for group in transform.groups {
    require((group.mean + group.scale).allSatisfy(\.isFinite), "means and scales are finite")
    for quality in TransformQuality.allCases {
      let coded = file.coded(group, quality)
      require(coded.bits.isFinite && coded.bits >= 0, "bits are a number")
    }
  }
  require(try TransformFile(path: path).digest == file.digest, "the same file reads the same")
}

private func checkSums(_ path: String) throws {
  let file = try TransformSumsFile(path: path)
  var twice = file.sums
  require(twice.isOfSameModel(as: file.sums), "sums are those of their own model")
  twice.add(file.sums)
  require(twice.positions == 2 * file.sums.positions, "positions add up")
}
