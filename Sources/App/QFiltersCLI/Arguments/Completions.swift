import ArgumentParser

/// What a shell offers for a value. Folders are always offered with files.
extension CompletionKind {
  static let model = file(extensions: ["gguf"])
  static let filterBank = file(extensions: ["qfilt"])
  static let snapshot = file(extensions: ["kvsnap"])
  static let transform = file(extensions: ["qtrans"])
  static let statistics = file(extensions: ["qstat", "qtsum"])
  static let calibration = file(extensions: ["qfilt", "qstat", "qtrans", "qtsum"])
  static let tensors = file(extensions: ["safetensors"])
  /// A file of the format, of whichever kind.
  static let container = file(extensions: ["kvsnap", "qfilt", "qstat", "qtrans", "qtsum"])
  /// A text, whatever its name.
  static let text = file()
}
