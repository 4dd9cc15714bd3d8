import ArgumentParser
import ByteIO
import Workflows

/// `--force`, in every command that writes a file.
struct ForceOption: ParsableArguments {
  @Flag(
    name: .customLong("force"),
    help: "Replace a file of another kind, an input, or the parent or transform of a snapshot.")
  var replacesAnything = false

  /// Rejects, before the work, a path at which no file can be made, or at which something is that
  /// somebody may still need.
  ///
  /// - Throws: `Address.NotWritable`, `ReplacementRefusal`, `SystemError`.
  func check(_ path: String?, as kind: OutputFile.Kind, reading inputs: [String] = []) throws {
    guard let path else { return }
    try Address.checkIsPath(path)
    try AtomicFile.checkWritable(path)
    guard !replacesAnything else { return }
    try OutputFile.check(path, as: kind, inputs: inputs)
  }

  /// Rejects a folder that holds something else under the names of Q-Filters in the hub's layout.
  ///
  /// - Throws: `Address.NotWritable`, `ReplacementRefusal`.
  func checkHubFolder(_ folder: String) throws {
    try Address.checkIsPath(folder)
    guard !replacesAnything else { return }
    try OutputFile.checkHubFolder(folder)
  }
}

extension OutputFile.Kind {
  /// What a calibration writes, by the ending of the file's name.
  static func calibration(_ path: String) -> Self {
    let kinds: [String: Self] = [
      ".qfilt": .filterBank, ".qtrans": .transform, ".qtsum": .transformSums,
    ]
    return kinds.first { path.hasSuffix($0.key) }?.value ?? .statistics
  }
}
