import Platform

/// Time since this process was started, its loading included.
package enum ProcessClock {
  /// Seconds since the system started the process, in steps of 0.01 and rounded up; nil if the
  /// system does not tell.
  package static var seconds: Double? {
    guard let started, let now = bootSeconds else { return nil }
    return now - started
  }

  /// When the process started, in seconds since the machine did. Source: proc(5), field 22 of
  /// `stat`.
  private static let started: Double? = {
    guard let text = SystemFile.text("/proc/self/stat"),
      // The second field is the program's name in parentheses, and may contain anything.
      let name = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[name...].split(separator: " ")
    guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
    return ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }()

  private static var bootSeconds: Double? {
    var now = timespec()
    guard unsafe clock_gettime(CLOCK_BOOTTIME, &now) == 0 else { return nil }
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
