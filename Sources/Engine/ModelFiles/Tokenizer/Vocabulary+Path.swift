import ByteIO
public import Tokenization

extension Vocabulary {
  /// Opens only the tokenizer of a model, whatever its architecture: a `.gguf` file, or a folder
  /// with `config.json` and `tokenizer.json`.
  ///
  /// - Throws: `SystemError` if a file cannot be read, `MalformedFile` if its bytes break the
  ///   format, `UnsupportedModel` if it needs what this version does not know.
  public init(path: String) throws {
    guard Folder.exists(path) else {
      let file = try GGUFFile(MappedFile(path: path))
      self = try Vocabulary(
        GGUFMetadata(path: path, values: file.metadata), rows: file.embeddingRows)
      return
    }
    self = try ModelFolder(opening: path).vocabulary()
  }
}
