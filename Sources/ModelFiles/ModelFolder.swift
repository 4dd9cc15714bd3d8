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

  /// Opens everything.
  func model() throws -> ModelFile {
    let config = try TransformersConfig(JSONObject(file: file("config.json"), section: "config"))
    let model = try config.model()
    let names = config.architecture.tensorNames
    return ModelFile(
      path: path, name: Folder.name(of: path),
      architecture: model, vocabulary: try vocabulary(config.object, size: model.vocabularySize),
      tensors: try tensors(config), nameInFile: { names.transformers(of: $0) ?? $0 })
  }

  func file(_ name: String) -> String { Folder.path(path, name) }
}

/// Weights.
extension ModelFolder {
  private func tensors(_ config: TransformersConfig) throws -> [String: Tensor] {
    let single = file("model.safetensors")
    let index = file("model.safetensors.index.json")
    // As transformers looks for them; without either, the single file is what is missing.
    let isSharded = !Folder.hasFile(single) && Folder.hasFile(index)
    let tensors =
      try isSharded
      ? sharded(index, config.architecture)
      : Self.renamed(SafetensorsFile(path: single), config.architecture)
    let isTied = try config.isTied()
    let output = tensors["output.weight"]
    if isTied, output != nil {
      throw UnsupportedModel(
        path: path, what: "tensor lm_head.weight beside tied embeddings", supported: ["either"])
    }
    if !isTied, output == nil {
      throw MalformedFile(path: path, section: "tensor lm_head.weight", problem: "it is missing")
    }
    return tensors
  }

  /// The tensors of all shards, which must hold what the index says and nothing else.
  private func sharded(
    _ indexPath: String, _ architecture: any Architecture.Type
  ) throws -> [String: Tensor] {
    let index = try JSONObject(file: indexPath, section: "index")
    guard let map = try index.object("weight_map") else {
      throw index.error("weight_map", "is missing")
    }
    var tensors: [String: Tensor] = [:]
    for (shard, names) in try Self.shards(map).sorted(by: { $0.key < $1.key }) {
      let opened = try SafetensorsFile(path: file(shard))
      try Self.check(opened, holds: names)
      tensors.merge(try Self.renamed(opened, architecture)) { first, _ in first }
    }
    return tensors
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
        : "the index says that it is in this shard, and it is not")
  }

  private static func renamed(
    _ file: SafetensorsFile, _ architecture: any Architecture.Type
  ) throws -> [String: Tensor] {
    let tensors = try file.tensors { stored in
      // Older checkpoints store what follows from the configuration.
      if stored.hasSuffix(".rotary_emb.inv_freq") { return nil }
      guard let name = architecture.tensorNames.gguf(of: stored) else {
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
