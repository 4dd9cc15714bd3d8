import Hummingbird
import NIOCore
import Workflows

/// Answers to `POST /v1/chat/completions` and `POST /v1/completions`.
struct CompletionRoute: Sendable {
  let server: QFiltersServer
  let account: Account
  let isChat: Bool

  /// - Throws: `ServeError`, and what the libraries throw.
  func respond(to body: [UInt8], _ context: ConnectionContext) async throws -> Response {
    var request =
      isChat
      ? try JSONRequest.decode(ChatBody.self, body).request
      : try JSONRequest.decode(TextBody.self, body).request
    let model = try server.model(request.modelName)
    if let name = request.document {
      request.context = try await StoredContexts(server: server, account: account).name(name)
    }
    let answer = JobResponse(
      engine: server.engine, job: Job(.answer(request), model: model, of: account),
      watch: try await context.watch())
    let first = try await answer.begin()
    let head = CompletionObject.Head(
      id: (isChat ? "chatcmpl-" : "cmpl-") + Self.randomDigits(),
      created: Int(WallClock.seconds), model: model.name)
    return request.isStreamed
      ? stream(answer, first, head, includesUsage: request.includesUsage)
      : try await whole(answer, first, head)
  }

  private func whole(
    _ answer: JobResponse, _ first: Job.Event, _ head: CompletionObject.Head
  ) async throws -> Response {
    var (text, summary, failure) = ("", AnswerSummary?.none, ServeError?.none)
    try await answer.each(from: first) { event in
      switch event {
      case .text(let piece): text += piece
      case .done(let all): summary = all
      case .failed(let error): failure = error
      case .progress, .prepared: break
      }
    }
    guard let summary else { throw failure ?? ServeError.shuttingDown }
    return try JSONResponse.response(
      CompletionObject(
        kind: isChat ? .chat : .text, head: head, text: text, summary: summary, hasUsage: true))
  }

  private func stream(
    _ answer: JobResponse, _ first: Job.Event, _ head: CompletionObject.Head,
    includesUsage: Bool
  ) -> Response {
    let kind: CompletionObject.Kind = isChat ? .chatChunk : .text
    return EventStream.response { write in
      var isFirst = true
      func send(_ text: String?, _ summary: AnswerSummary? = nil) async throws {
        let object = CompletionObject(
          kind: kind, head: head, text: text, isFirst: isFirst && text != nil, summary: summary,
          hasUsage: includesUsage && (text == nil || summary == nil))
        isFirst = false
        try await write(EventStream.frame(JSONResponse.bytes(object)))
      }
      try await answer.each(from: first) { event in
        switch event {
        case .text(let piece):
          if isFirst || !piece.isEmpty { try await send(piece) }
        case .done(let summary):
          if isFirst { try await send("") }
          try await send("", summary)
          if includesUsage { try await send(nil, summary) }
          try await write(EventStream.end)
        case .failed(let error):
          try await write(EventStream.frame(JSONResponse.bytes(ErrorObject(error: error))))
        case .progress, .prepared: break
        }
      }
    }
  }

  private static func randomDigits() -> String {
    let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
