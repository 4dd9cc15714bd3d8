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

/// Statistics that are accepted hold exactly the numbers of their section, all finite, and either
/// give filters or say why not.
private func check(_ path: String) throws {
  let file = try StatisticsFile(path: path)
  let statistics = file.statistics
  let (sums, grams) = statistics.storedValues
  require((sums + grams).allSatisfy(\.isFinite), "sums are finite")
  let section = try ContainerReader(path: path, kind: .statistics).section(.statistics)
  let shape = statistics.shape
  let sizes = [shape.layers, statistics.queryHeads, shape.kvHeads, shape.headLength]
  var writer = ByteWriter()
  for size in sizes { writer.write(UInt32(size)) }
  writer.write(UInt64(statistics.tokens))
  for value in sums + grams { writer.write(value) }
  require(writer.bytes == section.bytes, "every number of the section is held")
  require(
    file.sequences.map { $0.tokens == statistics.tokens } ?? true, "the sums are of the sequences")
  do {
    let filters = try statistics.filters()
    require(filters.count == shape.count, "one filter for each layer and KV head")
    require(filters.allSatisfy(\.isFinite), "filters are finite")
  } catch {
    // Sums of real queries have an eigenvector; hostile sums need not.
  }
}
