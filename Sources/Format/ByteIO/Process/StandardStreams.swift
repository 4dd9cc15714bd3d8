import Platform

/// Standard input, output and error of the process.
package enum StandardStreams {
  /// Takes the descriptors of closed streams before a file gets one of them: a message would then
  /// be written into a result. Reading or writing the streams still fails.
  package static func reserve() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest descriptor that is free is this one.
      let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
      _ = unsafe open("/dev/null", mode)
    }
  }
}
