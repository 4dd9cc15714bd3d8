import ByteIO
import Harness
import ModelFiles
import Mutation

private nonisolated(unsafe) var harness = Harness { $0 is MalformedFile || $0 is UnsupportedModel }

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
  unsafe SafetensorsMutator.mutate(bytes, count: count, maximum: maximum, seed: seed)
}

/// Tensors that are accepted have names of their own, and their values follow each other up to the
/// end of the file.
private func check(_ path: String) throws {
  let file = try SafetensorsFile(path: path)
  let names = file.names
  require(Set(names.map { Array($0.utf8) }).count == names.count, "every tensor has its own name")
  var end: Int?
  for name in names {
    guard let tensor = usableTensor(file, name) else {
      end = nil
      continue
    }
    require(tensor.offset == end ?? tensor.offset, "values follow each other")
    let size = tensor.bytes.byteCount
    require(size == tensor.shape.reduce(1, *) * tensor.type.blockBytes, "as many as the shape says")
    end = tensor.offset + size
    require(end ?? 0 <= tensor.file.bytes.byteCount, "values lie within the file")
    if name == names.last { require(end == tensor.file.bytes.byteCount, "values end the file") }
  }
  require(try SafetensorsFile(path: path).names == names, "the same file reads the same")
}

/// The tensor, or nil if it is of a type that the engine does not use.
private func usableTensor(_ file: SafetensorsFile, _ name: String) -> Tensor? {
  do {
    let tensor = try file.tensor(named: name)
    require(tensor != nil, "a tensor that is named is there")
    return tensor
  } catch {
    return nil
  }
}
