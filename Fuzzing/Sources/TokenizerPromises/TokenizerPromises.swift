import Harness
public import Tokenization

/// A tokenizer that is accepted gives ids of its vocabulary, and gives text back.
///
/// - Throws: `TokenizationError` if the vocabulary makes no tokenizer.
public func checkTokenizer(_ vocabulary: Vocabulary, _ text: [UInt8]) throws {
  if let template = vocabulary.chatTemplate { checkTemplate(template) }
  let tokenizer = try Tokenizer(vocabulary)
  // One of the two for each text, so that there is time for many texts.
  let parsingSpecials = text.count % 2 == 1
  let ids = tokenizer.encode(text, parsingSpecials: parsingSpecials)
  require(ids.allSatisfy((0..<tokenizer.vocabularySize).contains), "ids lie in the vocabulary")
  let decoded = tokenizer.decode(ids, skippingSpecials: false)
  checkStreaming(tokenizer, ids, is: decoded)
  let texts = tokenizer.texts(of: ids, continuing: true)
  require(texts.count == ids.count, "each token stands for a text")
  if vocabulary.types.allSatisfy({ $0 == Vocabulary.TokenType.normal.rawValue }),
    vocabulary.model == "gpt2", vocabulary.preTokenizer != "qwen2"
  {
    // Bytes without a token are left out; the others come back.
    let again = tokenizer.encode(decoded, parsingSpecials: parsingSpecials)
    require(tokenizer.decode(again) == decoded, "text with tokens comes back")
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
  require(!chat.nextOpening.isEmpty && !chat.closing.isEmpty, "a user's turn has two ends")
}

private func canonicalBytes(_ tokenizer: Tokenizer) -> [UInt8] {
  var bytes: [UInt8] = []
  tokenizer.writeCanonicalBytes { bytes += $0 }
  return bytes
}
