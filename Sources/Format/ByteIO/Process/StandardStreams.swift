import Glibc

/// Standard input, output and error of the process.
public enum StandardStreams {
  /// Takes the descriptors of those that are closed, before a file gets one of them: a message would be written into
  /// a result. Reading or writing them still fails.
  public static func reserve() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest descriptor that is free is this one.
      let mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
      _ = unsafe open("/dev/null", mode)
    }
  }
}
