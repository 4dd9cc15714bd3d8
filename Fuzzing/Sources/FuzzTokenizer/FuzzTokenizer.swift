import ByteIO
import Harness
import ModelFiles
import Mutation
import Tokenization
import TokenizerPromises

private nonisolated(unsafe) var harness = Harness {
  $0 is MalformedFile || $0 is UnsupportedModel || $0 is TokenizationError
}

/// libFuzzer calls this with every input: the length of a text in one byte, the text, and a model
/// file whose tokenizer encodes it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
  guard let length = unsafe input.first.map({ Int($0) }), count > length else { return -1 }
  let text = unsafe [UInt8](input[1..<1 + length])
  let model = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: input[(1 + length)...]))
  unsafe harness.run(model) { path in
    try checkTokenizer(ModelFile(path: path).vocabulary, text)
  }
  return 0
}

/// libFuzzer calls this for every new input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: CUnsignedInt
) -> Int {
  unsafe GGUFMutator.mutateWithText(bytes, count: count, maximum: maximum, seed: seed)
}
