import Hummingbird
import Workflows

/// Answers to `POST /api/documents`.
struct DocumentRoute: Sendable {
  let server: QFiltersServer
  let account: Account

  private struct Progress: Encodable {
    let phase: String
    let done, total: Int
  }

  /// - Throws: `ServeError`, and what the libraries throw.
  func respond(to body: [UInt8], _ context: ConnectionContext) async throws -> Response {
    let document = try JSONRequest.decode(DocumentBody.self, body)
    let model = try server.model(document.modelName)
    guard let name = try? StoreName(given: document.name) else {
      throw ServeError.invalid("name", "\(StoreRefusal.name(document.name))")
    }
    guard try account.store() != nil else { throw ServeError.noStore }
    let work = Job.Work.prepare(name: name, text: Array(document.text.utf8))
    let answer = JobResponse(
      engine: server.engine, job: Job(work, model: model, of: account),
      watch: try await context.watch())
    let first = try await answer.begin()
    return EventStream.response { write in
      try await answer.each(from: first) { event in
        switch event {
        case .progress(let phase, let done, let total):
          try await write(
            EventStream.frame(
              JSONResponse.bytes(Progress(phase: phase, done: done, total: total))))
        case .prepared(let entry):
          try await write(
            EventStream.frame(
              JSONResponse.bytes(["document": ContextObject(entry, children: 0)])))
        case .failed(let error):
          try await write(EventStream.frame(JSONResponse.bytes(ErrorObject(error: error))))
        case .text, .done: break
        }
      }
    }
  }
}
