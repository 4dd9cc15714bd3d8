import Glibc

/// The arguments that the program was started with, as the system hands them over.
public enum ProgramArguments {
  /// The bytes of each, without the program's name. `CommandLine.arguments` replaces what is not UTF-8.
  public static var bytes: [[UInt8]] {
    var arguments: [[UInt8]] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let start = unsafe CommandLine.unsafeArgv[index] else { break }
      let bytes = unsafe UnsafeRawBufferPointer(start: start, count: strlen(start))
      arguments.append(unsafe Array(bytes))
    }
    return arguments
  }
}
