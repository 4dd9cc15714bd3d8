import ByteIO
import Harness
import ModelFiles
import Tokenization
import TokenizerPromises

private nonisolated(unsafe) var harness = Harness {
  $0 is MalformedFile || $0 is UnsupportedModel || $0 is TokenizationError
}
private nonisolated(unsafe) var folder: String?
private let text = Array(" the house, 1984's  end\n東京 <|im_end|>".utf8)

/// libFuzzer calls this with every input: the `tokenizer.json` of a model's folder.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  unsafe harness.run(RawSpan(_unsafeStart: bytes, count: count)) { path in
    let model = unsafe folder ?? ModelFolder.make(tokenizer: path)
    unsafe folder = model
    try checkTokenizer(ModelFile(path: model).vocabulary, text)
  }
  return 0
}
