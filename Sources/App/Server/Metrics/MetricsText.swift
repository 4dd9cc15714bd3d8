/// What was measured of one account, as Prometheus reads it. Source: Prometheus, "Exposition
/// formats", text format 0.0.4.
struct MetricsText: CustomStringConvertible {
  /// The label that tells accounts apart. It is not shown.
  static let owner = "key"

  /// What each name means.
  private static let help = [
    "qfilters_requests_total": "Requests by the status of their response",
    "qfilters_prompt_tokens_total": "Tokens of prompts",
    "qfilters_cached_tokens_total": "Tokens of prompts whose pairs came from the store",
    "qfilters_completion_tokens_total": "Tokens of answers",
    "qfilters_damaged_files_total": "Damaged files that were moved out of the way",
    "qfilters_queue_length": "Requests that wait for a model",
    "qfilters_queue_wait_seconds": "Time that requests waited for a model",
    "qfilters_first_token_seconds": "Time from the beginning of an answer to its first token",
    "qfilters_store_bytes": "Size of the contexts that are kept",
    "qfilters_quarantined_files": "Damaged files in the store's quarantine",
    "process_resident_memory_bytes": "Memory that the process has",
  ]

  private let contents: [MetricsRegistry.Series: MetricsRegistry.Value]
  private let owner: String

  /// - Parameter owner: The account whose series are shown.
  init(_ contents: [MetricsRegistry.Series: MetricsRegistry.Value], owner: String) {
    (self.contents, self.owner) = (contents, owner)
  }

  /// Lines in the order of the names and labels.
  var description: String {
    let own = contents.filter { $0.key.labels[Self.owner] == owner }
    let names = Set(own.keys.map(\.name)).sorted()
    return names.map { name in
      let series = own.filter { $0.key.name == name }.map { (Self.labels($0.key), $0.value) }
        .sorted { $0.0 < $1.0 }
      let kind = series.first.map { Self.kind($0.1) } ?? "untyped"
      return "# HELP \(name) \(Self.help[name] ?? name)\n# TYPE \(name) \(kind)\n"
        + series.map { Self.lines(name, $0.0, $0.1) }.joined()
    }.joined()
  }

  private static func kind(_ value: MetricsRegistry.Value) -> String {
    switch value {
    case .counter: "counter"
    case .gauge: "gauge"
    case .summary: "summary"
    }
  }

  private static func lines(
    _ name: String, _ labels: String, _ value: MetricsRegistry.Value
  ) -> String {
    switch value {
    case .counter(let count): "\(name)\(labels) \(count)\n"
    case .gauge(let level): "\(name)\(labels) \(level)\n"
    case .summary(let count, let sum):
      "\(name)_sum\(labels) \(sum)\n\(name)_count\(labels) \(count)\n"
    }
  }

  private static func labels(_ series: MetricsRegistry.Series) -> String {
    let shown = series.labels.filter { $0.key != owner }.sorted { $0.key < $1.key }
    guard !shown.isEmpty else { return "" }
    return "{" + shown.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }
}
