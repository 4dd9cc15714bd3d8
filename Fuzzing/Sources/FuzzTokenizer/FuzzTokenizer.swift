import ByteIO
import Harness
import ModelFiles
import Mutation
import Tokenization

private nonisolated(unsafe) var harness = Harness {
  $0 is MalformedFile || $0 is UnsupportedModel || $0 is TokenizationError
}

/// libFuzzer calls this with every input: the length of a text in one byte, the text, and a model
/// file whose tokenizer is to encode it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let input = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
  guard let length = unsafe input.first.map({ Int($0) }), count > length else { return -1 }
  let text = unsafe [UInt8](input[1..<1 + length])
  let model = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: input[(1 + length)...]))
  unsafe harness.run(model) { path in try check(path, text) }
  return 0
}

/// libFuzzer calls this for every new input.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ maximum: Int, _ seed: CUnsignedInt
) -> Int {
  unsafe GGUFMutator.mutateWithText(bytes, count: count, maximum: maximum, seed: seed)
}

/// A tokenizer that is accepted gives ids of its vocabulary, and text back.
private func check(_ path: String, _ text: [UInt8]) throws {
  let tables = try ModelFile(path: path).vocabulary
  if let template = tables.chatTemplate { checkTemplate(template) }
  let tokenizer = try Tokenizer(Vocabulary(tables))
  // One way for each text, so that there is time for many.
  let parsingSpecials = text.count % 2 == 1
  let ids = tokenizer.encode(text, parsingSpecials: parsingSpecials)
  require(ids.allSatisfy((0..<tokenizer.vocabularySize).contains), "ids lie in the vocabulary")
  let decoded = tokenizer.decode(ids, skippingSpecials: false)
  checkStreaming(tokenizer, ids, is: decoded)
  if tables.types.allSatisfy({ $0 == Vocabulary.TokenType.normal.rawValue }) {
    // Bytes without a token are left out, so what is left is what can be said.
    let again = tokenizer.encode(decoded, parsingSpecials: parsingSpecials)
    require(tokenizer.decode(again) == decoded, "text that can be said comes back")
  } else {
    let again = tokenizer.encode(text, parsingSpecials: parsingSpecials)
    require(ids == again, "the same text gives the same ids")
  }
  require(canonicalBytes(tokenizer).count > 25, "a tokenizer has a description")
}

private func checkStreaming(_ tokenizer: Tokenizer, _ ids: [Int], is bytes: [UInt8]) {
  var decoder = StreamingDecoder(tokenizer, skippingSpecials: false)
  let text = ids.map { decoder.push($0) }.joined() + decoder.finish()
  let whole = String(decoding: bytes, as: UTF8.self)
  require(Array(text.utf8) == Array(whole.utf8), "text in pieces is the same text")
}

private func checkTemplate(_ template: String) {
  guard let chat = try? ChatTemplate(recognizing: template) else { return }
  require(chat.opening().hasSuffix(chat.nextOpening), "a conversation opens with a user's turn")
}

private func canonicalBytes(_ tokenizer: Tokenizer) -> [UInt8] {
  var bytes: [UInt8] = []
  tokenizer.writeCanonicalBytes { bytes += $0 }
  return bytes
}

extension Vocabulary {
  init(_ tables: VocabularyTables) {
    self.init(
      model: tables.model, preTokenizer: tables.preTokenizer, tokens: tables.tokens,
      types: tables.types, merges: tables.merges, beginOfText: tables.beginOfText,
      endOfText: tables.endOfText, addsBeginOfText: tables.addsBeginOfText,
      chatTemplate: tables.chatTemplate)
  }
}
