public import ByteIO
public import Tokenization

/// An opened model: its description, its vocabulary, and its weights, still in the file.
public struct ModelFile: Sendable {
  /// Where the model was opened.
  public let path: String
  /// The name that the model calls itself, or else the file's or folder's name.
  public let name: String
  /// The shape of the model.
  public let architecture: ModelConfig
  /// The model's tokenizer, as the file describes it.
  public let vocabulary: Vocabulary
  /// All tensors by name, in GGUF's spelling.
  public let tensors: [String: Tensor]
  /// The files of weights: all parts of a GGUF, or all shards of a folder.
  public let files: [MappedFile]
  /// What the file calls a tensor, for errors.
  let nameInFile: @Sendable (String) -> String

  /// Copies the files that hold the weights into memory; see `MappedFile.copyIntoMemory()`.
  public func copyIntoMemory() { for file in files { file.copyIntoMemory() } }

  /// The tensor with this name and this shape.
  ///
  /// - Throws: `MalformedFile` if there is none or its shape differs.
  public func tensor(_ name: String, shape: [Int]) throws(MalformedFile) -> Tensor {
    let section = "tensor \(nameInFile(name))"
    guard let tensor = tensors[name] else {
      throw MalformedFile(path: path, section: section, problem: "it is missing")
    }
    guard tensor.shape == shape else {
      throw MalformedFile(
        path: tensor.file.path, section: section,
        problem: "its shape is \(tensor.shape) where the model's description asks for \(shape)")
    }
    return tensor
  }

  /// Rejects a file with tensors that nothing uses: they mean arithmetic that is not supported.
  ///
  /// - Throws: `UnsupportedModel` that names the first of them.
  public func rejectTensors(besides used: [String: Tensor]) throws(UnsupportedModel) {
    guard let unknown = tensors.keys.filter({ used[$0] == nil }).min() else { return }
    throw UnsupportedModel(
      path: path, what: "tensor \(nameInFile(unknown))",
      supported: ["the tensors of a \(architecture.name)"])
  }
}

extension ModelFile {
  /// Opens a `.gguf` file, or a folder with `config.json`, `tokenizer.json` and `*.safetensors`. A
  /// model split into several GGUF files is opened by the first.
  ///
  /// - Throws: `SystemError` if a file cannot be read, `MalformedFile` if its bytes break the
  ///   format, `UnsupportedModel` if it needs what this version does not know.
  public init(path: String) throws {
    self = try Folder.exists(path) ? ModelFolder(opening: path).model() : Self.gguf(path)
  }

  private static func gguf(_ path: String) throws -> ModelFile {
    let file = try GGUFFile.open(path: path)
    let metadata = GGUFMetadata(path: path, values: file.metadata)
    let architecture = try Architectures.named(
      try metadata.text("general.architecture"), path: path)
    let model = try GGUFDescription(file, metadata, architecture).model()
    var tensors = file.tensors.filter { !GGUFDescription.factorTensors.contains($0.key) }
    if architecture.isInterleavedInGGUF {
      for layer in 0..<model.layers {
        for name in ["blk.\(layer).attn_q.weight", "blk.\(layer).attn_k.weight"] {
          tensors[name]?.interleavedHeadLength = model.keyLength
        }
      }
    }
    return ModelFile(
      path: path,
      name: try metadata.optionalText("general.name") ?? Folder.name(of: path),
      architecture: model, vocabulary: try Vocabulary(metadata, rows: file.embeddingRows),
      tensors: tensors, files: file.files, nameInFile: { $0 })
  }
}
