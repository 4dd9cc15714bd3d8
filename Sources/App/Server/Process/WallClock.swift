import Platform

/// The time of day.
enum WallClock {
  /// Seconds since 1970.
  static var seconds: Double {
    var now = timespec()
    unsafe _ = clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
