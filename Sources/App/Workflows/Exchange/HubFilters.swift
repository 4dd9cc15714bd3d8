import ByteIO
import ModelFiles

/// A model's Q-Filters as the paper's authors publish them: a folder with `config.json` and the one
/// tensor `q_filters` in `model.safetensors`.
///
/// The values have the hub's sign: they are the negated filters, and a pair's score is
/// −⟨value, key⟩. Do not use them where the paper's sign is meant.
struct HubFilters: Sendable, Equatable {
  /// Layers of the model.
  let layers: Int
  /// KV heads in a layer.
  let kvHeads: Int
  /// Elements of a filter.
  let headLength: Int
  /// All values, [layers][kvHeads][headLength], in the hub's sign.
  let values: [Float]

  private static let (configName, weightsName) = ("config.json", "model.safetensors")
  /// The page about the filters.
  static let cardName = "README.md"
  /// The names of the files that hold the filters.
  static let names = [configName, weightsName]
  private static let tensorName = "q_filters"

  /// Takes values in the hub's sign, as many as the shape has.
  init(layers: Int, kvHeads: Int, headLength: Int, values: [Float]) {
    precondition(values.count == layers * kvHeads * headLength)
    (self.layers, self.kvHeads, self.headLength) = (layers, kvHeads, headLength)
    self.values = values
  }

  /// Reads a folder.
  ///
  /// - Throws: `SystemError` if a file cannot be read, `MalformedFile` if its bytes break the
  ///   format or the configuration does not fit the tensor, `UnsupportedModel` if the tensor is not
  ///   F32.
  init(folder: String) throws {
    let config = try JSONObject(file: Folder.path(folder, Self.configName), section: "config")
    layers = try config.integer("num_layers", in: 1...4096)
    kvHeads = try config.integer("num_kv_heads", in: 1...4096)
    headLength = try config.integer("kv_head_dim", in: 1...8192)
    let file = try SafetensorsFile(path: Folder.path(folder, Self.weightsName))
    values = try Self.values(of: file, shape: [layers, kvHeads, headLength])
  }

  private static func values(of file: SafetensorsFile, shape: [Int]) throws -> [Float] {
    func error(_ problem: String) -> MalformedFile {
      MalformedFile(path: file.path, section: "tensor \(tensorName)", problem: problem)
    }
    guard let tensor = try file.tensor(named: tensorName) else { throw error("it is missing") }
    guard tensor.type == .f32 else {
      throw UnsupportedModel(
        path: file.path, what: "tensor type \(tensor.type.name) of \(tensorName)",
        supported: ["F32"])
    }
    guard file.names.count == 1 else { throw error("it is not the only tensor") }
    guard tensor.shape == shape else {
      throw error("its shape is \(tensor.shape) where \(configName) says \(shape)")
    }
    var reader = ByteReader(tensor.bytes, path: file.path, section: "tensor \(tensorName)")
    let values = try reader.readArray(UInt32.self, count: shape.reduce(1, *))
      .map(Float.init(bitPattern:))
    guard values.allSatisfy(\.isFinite) else { throw error("a value is not finite") }
    return values
  }

  /// Writes both files and a page about them into a folder, which is made unless it is there.
  ///
  /// Each file appears whole or not at all, the configuration last. Equal filters give equal bytes.
  ///
  /// - Parameters:
  ///   - card: The page, `README.md`; nil leaves what is there.
  ///   - replacesLinks: Whether a file takes the place of a symbolic link, and not its target's.
  /// - Throws: `SystemError`.
  func write(to folder: String, card: String?, replacesLinks: Bool = false) throws(SystemError) {
    try Folder.create(folder)
    let files: [(name: String, bytes: [UInt8])] =
      (card.map { [(Self.cardName, Array($0.utf8))] } ?? [])
      + [(Self.weightsName, weights), (Self.configName, Array(config.utf8))]
    for (name, bytes) in files {
      let path = Folder.path(folder, name)
      if replacesLinks, Folder.isLink(path) { try Folder.removeFile(path) }
      try AtomicFile.write(bytes, to: path)
    }
  }

  private var config: String {
    """
    {
      "kv_head_dim": \(headLength),
      "num_kv_heads": \(kvHeads),
      "num_layers": \(layers)
    }
    """
  }

  private var weights: [UInt8] {
    var writer = ByteWriter()
    let tensor = SafetensorsWriter.Tensor(Self.tensorName, .f32, [layers, kvHeads, headLength])
    writer.write(SafetensorsWriter([tensor]).header)
    for value in values { writer.write(value) }
    return writer.bytes
  }
}
