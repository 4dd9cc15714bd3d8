import CoreMetrics
import Synchronization

/// Keeps what is measured, for a text in Prometheus' format.
final class MetricsRegistry: MetricsFactory {
  /// One thing that is measured, in one of its variants.
  struct Series: Hashable, Sendable {
    let name: String
    let labels: [String: String]
  }

  /// What is known of it.
  enum Value: Sendable, Equatable {
    case counter(Int64)
    case gauge(Double)
    case summary(count: Int, sum: Double)
  }

  private let values = Mutex<[Series: Value]>([:])

  /// Everything that was measured until now.
  var contents: [Series: Value] { values.withLock { $0 } }

  fileprivate func update(_ series: Series, _ change: (Value?) -> Value) {
    values.withLock { $0[series] = change($0[series]) }
  }

  private func handler(_ label: String, _ dimensions: [(String, String)]) -> Handler {
    Handler(
      registry: self,
      series: Series(name: label, labels: Dictionary(dimensions) { _, last in last }))
  }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    handler(label, dimensions)
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    handler(label, dimensions)
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    handler(label, dimensions)
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    handler(label, dimensions)
  }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}

/// Measures one series.
private final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
  private let registry: MetricsRegistry
  private let series: MetricsRegistry.Series

  init(registry: MetricsRegistry, series: MetricsRegistry.Series) {
    (self.registry, self.series) = (registry, series)
  }

  func increment(by amount: Int64) {
    registry.update(series) { value in
      guard case .counter(let count) = value else { return .counter(amount) }
      return .counter(count &+ amount)
    }
  }

  func reset() { registry.update(series) { _ in .counter(0) } }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { registry.update(series) { _ in .gauge(value) } }
  func increment(by amount: Double) { add(amount) }
  func decrement(by amount: Double) { add(-amount) }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    registry.update(series) { old in
      guard case .summary(let count, let sum) = old else { return .summary(count: 1, sum: value) }
      return .summary(count: count + 1, sum: sum + value)
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  private func add(_ amount: Double) {
    registry.update(series) { value in
      guard case .gauge(let level) = value else { return .gauge(amount) }
      return .gauge(level + amount)
    }
  }
}
