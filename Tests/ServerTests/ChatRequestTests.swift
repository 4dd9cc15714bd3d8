import HTTPTypes
import Inference
import Testing
import Workflows

@testable import Server

/// A body, read as that of a chat.
func chat(_ json: String) throws -> CompletionRequest {
  try JSONRequest.decode(ChatBody.self, Array(json.utf8)).request
}

/// A chat with more fields.
func chat(with fields: String) throws -> CompletionRequest {
  try chat(#"{"model":"m","messages":[{"role":"user","content":"Hi"}],\#(fields)}"#)
}

/// The error that a body gives; nil for none.
func failure(_ body: () throws -> CompletionRequest) -> ServeError? {
  do {
    _ = try body()
    return nil
  } catch { return error as? ServeError }
}

@Suite("Requests as clients send them")
struct ChatRequestTests {
  @Test("the official Python client's body, streamed")
  func python() throws {
    let request = try chat(
      #"""
      {"messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"}],
       "model":"smol","max_completion_tokens":32,"n":1,"stop":["\n\n","END"],"stream":true,
       "stream_options":{"include_usage":true},"temperature":0.7,"top_p":0.9,"seed":-3,
       "user":"me","metadata":{"a":"b"},"store":false}
      """#)
    #expect(request.modelName == "smol")
    #expect(
      request.prompt
        == .chat([.init(role: .system, text: "Be brief."), .init(role: .user, text: "Hi")]))
    #expect(request.maximumTokens == 32)
    #expect(request.stops == ["\n\n", "END"])
    #expect(request.isStreamed && request.includesUsage)
    #expect(request.sampling.temperature == 0.7)
    #expect(request.sampling.topP == 0.9)
    #expect(request.sampling.seed == UInt64(bitPattern: -3))
  }

  @Test("a web front end's body: parts of text, and null for what is not set")
  func frontEnd() throws {
    let request = try chat(
      #"""
      {"model":"smol","stream":true,"messages":[
        {"role":"user","content":[{"type":"text","text":"Read "},{"type":"text","text":"this."}]},
        {"role":"assistant","content":null,"tool_calls":[],"audio":null},
        {"role":"user","content":"Why?","name":"me"}],
       "temperature":null,"max_tokens":null,"stop":null,"tools":null,"response_format":null,
       "stream_options":null,"logit_bias":{},"presence_penalty":0.5,"frequency_penalty":-1,
       "logprobs":false,"top_logprobs":0,"response_format":{"type":"text"},"modalities":["text"]}
      """#)
    #expect(
      request.prompt
        == .chat([
          .init(role: .user, text: "Read this."), .init(role: .assistant, text: ""),
          .init(role: .user, text: "Why?"),
        ]))
    #expect(request.maximumTokens == nil)
    #expect(request.sampling.temperature == 0)
    #expect(request.sampling.presencePenalty == 0.5)
    #expect(request.sampling.frequencyPenalty == -1)
    #expect(!request.includesUsage)
  }

  @Test("what only this server has")
  func own() throws {
    let request = try chat(
      with: #""document":"book","compression":8,"min_p":0.1,"top_k":5,"repetition_penalty":1.1"#)
    #expect(request.document == "book")
    #expect(request.mode == .compressed(8))
    #expect(request.sampling.minP == 0.1)
    #expect(request.sampling.topK == 5)
    #expect(request.sampling.repetitionPenalty == 1.1)
    #expect(try chat(with: #""recall":4"#).mode == .recalled(4))
    #expect(try chat(with: #""stop":"x""#).stops == ["x"])
    // Only the likeliest token is left.
    let greedy = try chat(with: #""top_p":0,"temperature":1"#).sampling
    #expect((greedy.topP, greedy.topK) == (1, 1))
  }

  @Test(
    "what is not supported is named",
    arguments: [
      ("tools", #""tools":[{"type":"function"}]"#), ("logprobs", #""logprobs":true"#),
      ("n", #""n":2"#), ("response_format", #""response_format":{"type":"json_object"}"#),
      ("audio", #""audio":{"voice":"x"}"#), ("modalities", #""modalities":["audio"]"#),
      ("logit_bias", #""logit_bias":{"1":2}"#), ("functions", #""functions":[{}]"#),
    ])
  func unsupported(_ param: String, _ field: String) {
    let error = failure { try chat(with: field) }
    #expect(error?.param == param)
    #expect(error?.code == "unsupported_parameter")
    #expect(error?.status == .badRequest)
  }

  @Test(
    "a wrong value is named",
    arguments: [
      ("temperature", "3"), ("temperature", #""hot""#), ("top_p", "1.5"), ("max_tokens", "0"),
      ("max_tokens", "1e30"), ("max_tokens", "1.5"), ("stop", "7"),
      ("stop", #"["a","b","c","d","e"]"#),
      ("stop", #"[""]"#), ("stream", #""yes""#), ("compression", "3"), ("compression", "1"),
      ("recall", "-2"), ("seed", "0.5"), ("presence_penalty", "2.5"), ("n", "0"), ("document", "7"),
      ("stream_options.include_usage", "1"),
    ])
  func wrong(_ param: String, _ value: String) {
    let name = param.split(separator: ".").map(String.init)
    let field =
      name.count == 1
      ? #""\#(param)":\#(value)"# : #""\#(name[0])":{"\#(name[1])":\#(value)}"#
    let error = failure { try chat(with: field) }
    #expect(error?.param == param)
    #expect(error?.status == .badRequest)
  }

  @Test(
    "a conversation that is none",
    arguments: [
      ("messages", #"{"model":"m"}"#), ("messages", #"{"model":"m","messages":[]}"#),
      ("messages", #"{"model":"m","messages":"Hi"}"#),
      ("messages.role", #"{"model":"m","messages":[{"role":"tool","content":"x"}]}"#),
      ("messages.role", #"{"model":"m","messages":[{"content":"x"}]}"#),
      ("messages.content", #"{"model":"m","messages":[{"role":"user"}]}"#),
      (
        "messages.content.type",
        #"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#
      ),
      ("messages", #"{"model":"m","messages":[7]}"#),
      ("model", #"{"messages":[{"role":"user","content":"x"}]}"#),
      ("", "[]"), ("", "7"), ("", ""), ("", "{"), ("", "\u{0}"),
    ])
  func conversations(_ param: String, _ body: String) {
    let error = failure { try chat(body) }
    #expect(error?.status == .badRequest)
    #expect(param == "messages" || error?.param ?? "" == param)
  }

  @Test(
    "nesting without end, in a field that is read and in one that is not",
    arguments: ["tools", "x"])
  func deep(_ field: String) {
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      for depth in [600, 100_000] {
        let nested =
          String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        #expect(failure { try chat(with: #""\#(field)":\#(nested)"#) }?.status == .badRequest)
        #expect(
          failure { try chat(with: #""\#(field)":"# + String(repeating: open, count: depth)) }
            != nil)
      }
    }
  }

  @Test("a plain text has OpenAI's default length")
  func text() throws {
    let request = try JSONRequest.decode(
      TextBody.self, Array(#"{"model":"m","prompt":"Once upon"}"#.utf8)
    ).request
    #expect(request.prompt == .text("Once upon"))
    #expect(request.maximumTokens == 16)
    #expect(
      failure {
        try JSONRequest.decode(TextBody.self, Array(#"{"model":"m","prompt":["a"]}"#.utf8)).request
      }?.param == "prompt")
  }

  @Test("without a seed, two requests sample differently")
  func seeds() throws {
    #expect(
      try chat(with: #""temperature":1"#).sampling.seed
        != chat(with: #""temperature":1"#).sampling.seed)
  }
}
