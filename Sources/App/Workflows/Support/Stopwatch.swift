/// Measures how long something takes.
package struct Stopwatch {
  private let start = ContinuousClock.now

  /// Starts.
  package init() {}

  /// Seconds since it was made.
  package var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
