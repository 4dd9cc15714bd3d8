import CoreMetrics
import HTTPTypes

/// What the server measures of each account.
final class ServerMetrics: Sendable {
  private let registry = MetricsRegistry()

  /// A response was begun.
  func responded(_ status: HTTPResponse.Status, to account: Account) {
    count("qfilters_requests_total", 1, account, [("status", String(status.code))])
  }

  /// A request left the queue.
  func waited(_ seconds: Double, of account: Account) {
    record("qfilters_queue_wait_seconds", seconds, account)
  }

  /// An answer is complete.
  func answered(_ answer: AnswerSummary, of account: Account) {
    count("qfilters_prompt_tokens_total", answer.promptTokens, account)
    count("qfilters_cached_tokens_total", answer.cachedTokens, account)
    count("qfilters_completion_tokens_total", answer.newTokens, account)
    record("qfilters_first_token_seconds", answer.firstTokenSeconds, account)
  }

  /// A damaged file was moved out of the way.
  func foundDamage(_ account: Account) { count("qfilters_damaged_files_total", 1, account) }

  /// A number as it is now.
  func set(_ name: String, _ value: Double, _ account: Account) {
    Meter(label: name, dimensions: owner(account), factory: registry).set(value)
  }

  /// Everything of one account, as Prometheus reads it.
  func text(of account: Account) -> String {
    MetricsText(registry.contents, owner: account.id).description
  }

  private func count(
    _ name: String, _ amount: Int, _ account: Account, _ labels: [(String, String)] = []
  ) {
    Counter(label: name, dimensions: owner(account) + labels, factory: registry)
      .increment(by: Int64(amount))
  }

  private func record(_ name: String, _ value: Double, _ account: Account) {
    Recorder(label: name, dimensions: owner(account), aggregate: true, factory: registry)
      .record(value)
  }

  private func owner(_ account: Account) -> [(String, String)] {
    [(MetricsText.owner, account.id)]
  }
}
