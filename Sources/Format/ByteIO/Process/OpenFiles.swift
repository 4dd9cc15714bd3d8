import Glibc

/// How many files this process may have open at once.
public enum OpenFiles {
  /// Raises the limit as far as a process may by itself: the usual 1,024 are fewer than the snapshots of the
  /// longest chain.
  public static func allowMany() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
