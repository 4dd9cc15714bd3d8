import ByteIO
import CacheFormat
import Harness
import Mutation
import QFilters

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

/// A filter bank that is accepted is finite, is what its section says, and reads the same again.
private func check(_ path: String) throws {
  let bank = try FilterBank(path: path)
  require(bank.filters.count == bank.shape.count, "as many filters as the sizes say")
  require(bank.filters.allSatisfy(\.isFinite), "filters are finite")
  for head in bank.quality?.heads ?? [] {
    require((0...1).contains(head.energyShare) && (0...1).contains(head.meanCosine), "shares")
    require(head.meanProjection >= 0 && head.meanProjection.isFinite, "projections are finite")
  }
  let container = try ContainerReader(path: path, kind: .filterBank)
  let section = try container.section(.filters)
  require(section.bytes.count == 16 + 4 * bank.shape.count, "the section has no byte too many")
  require(Digest(of: section.bytes) == bank.digest, "the digest is that of the section's bytes")
  require(try FilterBank(path: path) == bank, "the same file reads the same")
}
