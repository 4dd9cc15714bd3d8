import Platform

/// The program's arguments as the system passes them.
package enum ProgramArguments {
  /// Each argument's bytes, without the program's name. `CommandLine.arguments` replaces bytes that
  /// are not UTF-8.
  package static var bytes: [[UInt8]] {
    var arguments: [[UInt8]] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let start = unsafe CommandLine.unsafeArgv[index] else { break }
      let bytes = unsafe UnsafeRawBufferPointer(start: start, count: strlen(start))
      arguments.append(unsafe Array(bytes))
    }
    return arguments
  }
}
