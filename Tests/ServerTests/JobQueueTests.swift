import ByteIO
import CacheFormat
import HTTPTypes
import Testing

@testable import Server

@Suite("Requests that wait for a model")
struct JobQueueTests {
  private let account = Account(id: "a", folder: nil, keys: .none, limit: nil)

  private func job() throws -> Job {
    let request = try JSONRequest.decode(
      TextBody.self, Array(#"{"model":"m","prompt":"x"}"#.utf8)
    ).request
    return Job(.answer(request), model: .init(name: "m", path: "m"), of: account)
  }

  private func last(_ job: Job) async -> ServeError? {
    var error: ServeError?
    for await event in job.events { if case .failed(let failure) = event { error = failure } }
    return error
  }

  @Test("one request too many is told when to come again")
  func full() throws {
    let queue = JobQueue(limit: 2)
    try queue.append(job())
    try queue.append(job())
    let error = try #require(throws: ServeError.self) { try queue.append(job()) }
    #expect(error.status == .tooManyRequests)
    #expect(error.retryAfter ?? 0 >= 1)
    _ = queue.next()
    try queue.append(job())
  }

  @Test("a request that is given up leaves the queue")
  func abandoned() async throws {
    let (queue, first, second) = (JobQueue(limit: 2), try job(), try job())
    try queue.append(first)
    try queue.append(second)
    queue.abandon(first)
    #expect(await last(first) == .abandoned)
    #expect(queue.waiting(of: account) == 1)
    #expect(queue.next()?.id == second.id)
    #expect(!second.isAbandoned)
  }

  @Test("a closed queue rejects what waits and what comes, and the running job is overdue")
  func closed() async throws {
    let (queue, waiting) = (JobQueue(limit: 2), try job())
    try queue.append(job())
    try queue.append(waiting)
    _ = queue.next()
    #expect(!queue.isOverdue)
    queue.close(within: .zero)
    #expect(queue.isOverdue)
    #expect(await last(waiting) == .shuttingDown)
    #expect(throws: ServeError.shuttingDown) { try queue.append(job()) }
    #expect(queue.next() == nil)
  }
}
