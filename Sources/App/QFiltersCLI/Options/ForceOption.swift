import ArgumentParser
import ByteIO
import Workflows

/// `--force`, in every command that writes a file.
struct ForceOption: ParsableArguments {
  @Flag(help: "Replace another kind of file, a file that is read, or the parent of a snapshot.")
  var force = false

  /// Refuses, before the work, a path at which no file can be made, and to replace what somebody
  /// may still need.
  ///
  /// - Throws: `ReplacementRefusal`, `SystemError`.
  func check(_ path: String?, as kind: OutputFile.Kind, reading inputs: [String] = []) throws {
    guard let path else { return }
    try AtomicFile.checkWritable(path)
    guard !force else { return }
    try OutputFile.check(path, as: kind, inputs: inputs)
  }
}

extension OutputFile.Kind {
  /// Filters or statistics, by the ending of the file's name.
  static func calibration(_ path: String) -> Self {
    path.hasSuffix(".qfilt") ? .filterBank : .statistics
  }
}
