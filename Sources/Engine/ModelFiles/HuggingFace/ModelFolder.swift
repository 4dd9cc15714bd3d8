import ByteIO

/// A folder as transformers writes it: `config.json`, `tokenizer.json`, and weights in safetensors.
struct ModelFolder {
  /// The folder's path without a slash at its end.
  let path: String

  /// Names a folder; nothing is opened.
  init(path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// Names a folder with `config.json`, which says what a model is.
  ///
  /// - Throws: `NoModelInFolder` if it has none, `SystemError` if it cannot be read.
  init(opening path: String) throws {
    self.init(path: path)
    guard !Folder.hasFile(file("config.json")) else { return }
    let names = try Folder.names(self.path)
    let gguf = names.first { $0.hasSuffix(".gguf") }.map(file)
    throw NoModelInFolder(path: self.path, gguf: gguf)
  }

  /// Opens the model.
  func model() throws -> ModelFile {
    let config = try config()
    let model = try config.model()
    let checkpoint = try checkpoint()
    let names = config.architecture.tensorNames
    let prefix = TensorNames.Prefix.find(in: checkpoint.names)
    return ModelFile(
      path: path, name: Folder.name(of: path),
      architecture: model, vocabulary: try vocabulary(config.object, size: model.vocabularySize),
      tensors: try tensors(of: checkpoint, config, prefix), files: checkpoint.files.map(\.file),
      nameInFile: { names.transformers(of: $0, prefix) ?? $0 })
  }

  /// The model as `config.json` describes it.
  func config() throws -> TransformersConfig {
    try TransformersConfig(JSONObject(file: file("config.json"), section: "config"))
  }

  func file(_ name: String) -> String { Folder.path(path, name) }
}

/// Weights.
extension ModelFolder {
  /// The files that hold the weights, opened.
  private struct Checkpoint {
    let files: [SafetensorsFile]
    var names: Set<String> { Set(files.flatMap(\.names)) }
  }

  private func checkpoint() throws -> Checkpoint {
    let single = file("model.safetensors")
    let index = file("model.safetensors.index.json")
    // In transformers' order; without either, the single file is the one that is missing.
    let isSharded = !Folder.hasFile(single) && Folder.hasFile(index)
    return Checkpoint(
      files: isSharded ? try shards(index) : [try SafetensorsFile(path: single)])
  }

  private func tensors(
    of checkpoint: Checkpoint, _ config: TransformersConfig, _ prefix: TensorNames.Prefix
  ) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for file in checkpoint.files {
      tensors.merge(try Self.renamed(file, config, prefix)) { first, _ in first }
    }
    if tensors["output.weight"] == nil, try !config.isTied() {
      throw MalformedFile(path: path, section: "tensor lm_head.weight", problem: "it is missing")
    }
    return tensors
  }

  /// All shards, which must hold what the index says and nothing else.
  private func shards(_ indexPath: String) throws -> [SafetensorsFile] {
    let index = try JSONObject(file: indexPath, section: "index")
    guard let map = try index.object("weight_map") else {
      throw index.error("weight_map", "is missing")
    }
    return try Self.shards(map).sorted(by: { $0.key < $1.key }).map { shard, names in
      let opened = try SafetensorsFile(path: file(shard))
      try Self.check(opened, holds: names)
      return opened
    }
  }

  /// The tensors' names by shard.
  private static func shards(_ map: JSONObject) throws(MalformedFile) -> [String: Set<[UInt8]>] {
    var shards: [String: Set<[UInt8]>] = [:]
    for member in map.members {
      guard case .text(let bytes) = member.value,
        case let name = String(decoding: bytes, as: UTF8.self),
        name.hasSuffix(".safetensors"), !name.contains("/"), !name.contains("\0")
      else {
        throw MalformedFile(
          path: map.path, section: "weight_map", offset: member.offset,
          problem: "\(JSONParser.quoted(member.key)) is in no .safetensors file of this folder")
      }
      shards[name, default: []].insert(member.key)
    }
    return shards
  }

  private static func check(
    _ shard: SafetensorsFile, holds names: Set<[UInt8]>
  ) throws(MalformedFile) {
    let held = Set(shard.names.map { Array($0.utf8) })
    guard let odd = names.symmetricDifference(held).min(by: { $0.lexicographicallyPrecedes($1) })
    else { return }
    throw MalformedFile(
      path: shard.path, section: "tensor \(String(decoding: odd, as: UTF8.self))",
      problem: held.contains(odd)
        ? "the index does not say that it is in this shard"
        : "the index says that it is in this shard, but it is not")
  }

  private static func renamed(
    _ file: SafetensorsFile, _ config: TransformersConfig, _ prefix: TensorNames.Prefix
  ) throws -> [String: Tensor] {
    let architecture = config.architecture
    let tensors = try file.tensors { stored in
      // Older checkpoints store these frequencies, which follow from the configuration.
      if stored.hasSuffix("rotary_emb.inv_freq") { return nil }
      if config.isMultimodal, TensorNames.isOfVision(stored) { return nil }
      guard let name = architecture.tensorNames.gguf(of: stored, prefix) else {
        throw UnsupportedModel(
          path: file.path, what: "tensor \(stored)",
          supported: ["the tensors of a \(architecture.name)"])
      }
      return name
    }
    return tensors.mapValues { tensor in
      var tensor = tensor
      if tensor.name.hasSuffix("norm.weight") { tensor.addend = architecture.normOffset }
      return tensor
    }
  }
}
