import Platform

/// How many files this process may have open at once.
package enum OpenFiles {
  /// Raises the limit as far as a process may: the usual 1,024 are too few for the longest chain.
  package static func allowMany() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
