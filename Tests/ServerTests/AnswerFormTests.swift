import NIOCore
import Testing

@testable import Server

@Suite("Answers in OpenAI's form")
struct AnswerFormTests {
  private let head = CompletionObject.Head(id: "chatcmpl-1", created: 7, model: "m")
  private let summary = AnswerSummary(
    promptTokens: 10, cachedTokens: 8, newTokens: 3, isWhole: true, firstTokenSeconds: 0.5,
    saved: "~5f", problem: nil)

  private func json(_ object: CompletionObject) throws -> String {
    String(decoding: try JSONResponse.bytes(object), as: UTF8.self)
  }

  @Test("a whole answer")
  func whole() throws {
    let text = try json(
      CompletionObject(
        kind: .chat, head: head, text: "Yes.", summary: summary, hasUsage: true))
    #expect(
      text
        == #"{"choices":[{"finish_reason":"stop","index":0,"logprobs":null,"#
        + #""message":{"content":"Yes.","role":"assistant"}}],"created":7,"id":"chatcmpl-1","#
        + #""model":"m","object":"chat.completion","#
        + #""qfilters":{"first_token_seconds":0.5,"problem":null,"saved":"~5f"},"#
        + #""usage":{"completion_tokens":3,"prompt_tokens":10,"#
        + #""prompt_tokens_details":{"cached_tokens":8},"total_tokens":13}}"#)
  }

  @Test("pieces of a streamed answer: the role first, the reason last, then the tokens")
  func pieces() throws {
    let first = try json(
      CompletionObject(kind: .chatChunk, head: head, text: "Y", isFirst: true, hasUsage: true))
    #expect(first.contains(#""delta":{"content":"Y","role":"assistant"}"#))
    #expect(first.contains(#""finish_reason":null"#))
    #expect(first.contains(#""usage":null"#))
    let last = try json(CompletionObject(kind: .chatChunk, head: head, text: "", summary: summary))
    #expect(last.contains(#""delta":{},"finish_reason":"stop""#))
    #expect(last.contains(#""saved":"~5f""#))
    #expect(!last.contains("usage"))
    let usage = try json(
      CompletionObject(kind: .chatChunk, head: head, text: nil, summary: summary, hasUsage: true))
    #expect(usage.contains(#""choices":[],"#))
    #expect(usage.contains(#""cached_tokens":8"#))
    #expect(!usage.contains("qfilters"))
  }

  @Test("an event is one line of data, whatever the text")
  func frames() throws {
    let bytes = try JSONResponse.bytes(
      CompletionObject(kind: .text, head: head, text: "a\nb\r\n\u{2028}\u{0}\"c"))
    let frame = EventStream.frame(bytes)
    let text = String(buffer: frame)
    #expect(text.hasPrefix("data: {") && text.hasSuffix("}\n\n"))
    #expect(text.utf8.filter { $0 == 10 || $0 == 13 }.count == 2)
    #expect(String(buffer: EventStream.end) == "data: [DONE]\n\n")
  }
}
