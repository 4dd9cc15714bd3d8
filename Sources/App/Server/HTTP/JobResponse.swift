import Hummingbird

/// A job and the connection that waits for it.
struct JobResponse {
  let engine: EngineThread
  let job: Job
  let watch: ClientWatch

  /// Submits the job, which is given up when the client leaves.
  ///
  /// - Returns: Its first event.
  /// - Throws: `ServeError`, also one that comes before any other event.
  func begin() async throws -> Job.Event {
    try engine.submit(job)
    watch.whenGone { [engine, job] in engine.abandon(job) }
    return try await withTaskCancellationHandler {
      for await event in job.events {
        if case .failed(let error) = event {
          watch.whenGone(nil)
          throw error
        }
        return event
      }
      throw ServeError.shuttingDown
    } onCancel: {
      [engine, job] in
      engine.abandon(job)
    }
  }

  /// All that follows the first event, and the event itself.
  ///
  /// - Throws: What `body` throws, after the job was given up.
  func each(
    from first: Job.Event, _ body: (Job.Event) async throws -> Void
  ) async throws {
    defer { watch.whenGone(nil) }
    do {
      try await withTaskCancellationHandler {
        try await body(first)
        // A stream may be read on by another loop.
        for await event in job.events { try await body(event) }
      } onCancel: {
        [engine, job] in
        engine.abandon(job)
      }
    } catch {
      engine.abandon(job)
      throw error
    }
  }
}
