/// Measures how long work takes.
package struct Stopwatch {
  private let start = ContinuousClock.now

  /// Starts.
  package init() {}

  /// Seconds since the start.
  package var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
