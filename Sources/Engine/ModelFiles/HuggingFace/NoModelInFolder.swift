public import ByteIO

/// A folder was given as a model, but holds none.
public struct NoModelInFolder: CategorisedError, Sendable {
  /// The folder.
  public let path: String
  /// A `.gguf` file in it, if there is one.
  public let gguf: String?

  /// An input is missing.
  public var category: FailureCategory { .noInput }

  /// One sentence: what is missing, and what to name instead.
  public var description: String {
    "\(path)/config.json: no such file or directory; "
      + "a model is a folder that has it, or a .gguf file"
      + (gguf.map { "; name \($0)" } ?? "")
  }
}
