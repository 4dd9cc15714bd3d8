import ByteIO
import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// Answers to `GET /metrics`.
struct MetricsRoute: Sendable {
  let server: QFiltersServer
  let account: Account

  /// - Throws: `SystemError`.
  func response() async throws -> Response {
    let metrics = server.metrics
    metrics.set("qfilters_queue_length", Double(server.engine.waiting(of: account)), account)
    let list = try await StoredContexts(server: server, account: account).list()
    metrics.set("qfilters_store_bytes", Double(list.bytes), account)
    metrics.set("qfilters_quarantined_files", Double(list.quarantined), account)
    if !server.accounts.needsKeys, let memory = Self.residentBytes {
      metrics.set("process_resident_memory_bytes", memory, account)
    }
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text(of: account))))
  }

  /// Source: proc(5), the second field of `statm`, in pages.
  private static var residentBytes: Double? {
    let fields = SystemFile.text("/proc/self/statm")?.split(separator: " ")
    guard let fields, fields.count > 1, let pages = Double(fields[1]) else { return nil }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}
