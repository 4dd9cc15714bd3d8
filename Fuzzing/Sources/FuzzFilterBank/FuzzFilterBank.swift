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

/// A filter bank that is accepted is finite, is what its sections say, and reads the same again.
private func check(_ path: String) throws {
  let bank = try FilterBank(path: path)
  require(bank.filters.count == bank.shape.count, "as many filters as the sizes say")
  require(bank.filters.allSatisfy(\.isFinite), "filters are finite")
  for head in bank.quality?.heads ?? [] {
    require((0...1).contains(head.energyShare) && (0...1).contains(head.meanCosine), "shares")
    require(head.meanProjection >= 0 && head.meanProjection.isFinite, "projections are finite")
  }
  if let heads = bank.heads {
    require(
      heads.layers == bank.shape.layers && heads.queryHeads % bank.shape.kvHeads == 0
        && heads.filters.count == heads.layers * heads.queryHeads * bank.shape.headLength,
      "a filter for each query head")
    require(heads.filters.allSatisfy { abs($0) <= 0x1p64 }, "query heads' filters have a bound")
  }
  let container = try ContainerReader(path: path, kind: .filterBank)
  let section = try container.section(.filters)
  require(section.bytes.count == 16 + 4 * bank.shape.count, "the section has no byte too many")
  let others = try [SectionType.headFilters, .rope, .linearScore].compactMap {
    try container.section(ifPresent: $0, atMost: .max)?.bytes
  }
  require(
    Digest(of: section.bytes + others.joined()) == bank.digest,
    "the digest is that of what ranks, as the file has it")
  require(try FilterBank(path: path) == bank, "the same file reads the same")
}
