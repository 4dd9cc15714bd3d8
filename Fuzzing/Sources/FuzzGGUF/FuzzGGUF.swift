import ByteIO
import Harness
import ModelFiles
import Tokenization
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
  unsafe GGUFMutator.mutate(bytes, count: count, maximum: maximum, seed: seed)
}

/// A model that is accepted has a description that can be computed with, and tensors within the
/// file that do not overlap.
private func check(_ path: String) throws {
  let model = try ModelFile(path: path)
  check(model.architecture)
  require(
    model.vocabulary.tokens.count == model.architecture.vocabularySize, "a spelling for each token")
  var end = 0
  for tensor in model.tensors.values.sorted(by: { $0.offset < $1.offset }) {
    require(tensor.offset >= end, "tensors do not overlap")
    end = tensor.offset + tensor.rows * tensor.rowBytes
    check(tensor)
  }
  let shapes = model.tensors.mapValues(\.shape)
  let again = try ModelFile(path: path)
  require(again.tensors.mapValues(\.shape) == shapes, "the same file reads the same")
  require(again.architecture == model.architecture, "the same file reads the same")
}

private func check(_ model: ModelConfig) {
  let sizes = [
    model.layers, model.embeddingLength, model.feedForwardLength, model.queryHeads, model.kvHeads,
    model.keyLength, model.valueLength, model.vocabularySize, model.contextLength,
  ]
  require(sizes.allSatisfy { $0 > 0 }, "every size is positive")
  require(model.queryHeads == model.group * model.kvHeads, "query heads form whole groups")
  require(model.keyLength % 2 == 0, "a head's elements turn in pairs")
  require(model.normEpsilon > 0 && model.normEpsilon.isFinite, "the epsilon is a positive number")
  require(model.rope.base > 0 && model.rope.base.isFinite, "the base is a positive number")
}

private func check(_ tensor: Tensor) {
  require(tensor.columns > 0 && tensor.rows > 0, "a tensor has values")
  let bytes = tensor.bytes
  require(bytes.byteCount == tensor.rows * tensor.rowBytes, "all of a tensor lies within the file")
  // Read, so that values outside the mapped file would be noticed.
  _ = Checksum.of(bytes)
  guard let length = tensor.interleavedHeadLength, tensor.rows % length == 0 else { return }
  let rows = Set((0..<tensor.rows).map(tensor.storedRow))
  require(rows == Set(0..<tensor.rows), "every row is stored once")
}
