import Platform

/// Another program in the place of this one.
package enum ProgramExchange {
  /// Becomes another program, with the same process and standard streams. A name without a slash is
  /// looked for in PATH.
  ///
  /// - Parameter arguments: The first one is what the program takes for its name.
  /// - Returns: Why it did not.
  package static func run(_ program: String, _ arguments: [String]) -> SystemError {
    // Signals that this program may have blocked for itself.
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe sigprocmask(SIG_SETMASK, &none, nil)
    var texts: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) }
    unsafe texts.append(nil)
    unsafe _ = execvp(program, texts)
    let error = SystemError(operation: "run", path: program)
    unsafe texts.forEach { unsafe free($0) }
    return error
  }
}
