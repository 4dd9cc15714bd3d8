import ByteIO
import CacheFormat
import HTTPTypes
import Testing

@testable import Server

@Suite("What the server measures")
struct MetricsTests {
  private func account(_ id: String) -> Account {
    Account(id: id, folder: nil, keys: .none, limit: nil)
  }

  @Test("Prometheus' format, and nothing of other accounts")
  func text() {
    let metrics = ServerMetrics()
    let (ours, theirs) = (account("a"), account("b"))
    metrics.responded(.ok, to: ours)
    metrics.responded(.ok, to: ours)
    metrics.responded(.notFound, to: ours)
    metrics.responded(.tooManyRequests, to: theirs)
    metrics.waited(0.25, of: ours)
    metrics.waited(0.5, of: ours)
    metrics.set("qfilters_store_bytes", 7, ours)
    #expect(
      metrics.text(of: ours) == """
        # HELP qfilters_queue_wait_seconds Time that requests waited for a model
        # TYPE qfilters_queue_wait_seconds summary
        qfilters_queue_wait_seconds_sum 0.75
        qfilters_queue_wait_seconds_count 2
        # HELP qfilters_requests_total Requests by the status of their response
        # TYPE qfilters_requests_total counter
        qfilters_requests_total{status="200"} 2
        qfilters_requests_total{status="404"} 1
        # HELP qfilters_store_bytes Size of the contexts that are kept
        # TYPE qfilters_store_bytes gauge
        qfilters_store_bytes 7.0

        """)
    #expect(metrics.text(of: account("c")).isEmpty)
  }
}
