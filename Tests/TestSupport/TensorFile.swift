import Foundation

/// A safetensors file as a list of tensors, so that a test can change one and write the file again.
public struct TensorFile {
  /// One tensor.
  public struct Entry {
    /// Its name.
    public var name: String
    /// Its type, as the header spells it.
    public var type: String
    /// Its dimensions, outermost first.
    public var shape: [Int]
    /// Its values, little-endian.
    public var bytes: [UInt8]

    /// A tensor of any type.
    public init(name: String, type: String, shape: [Int], bytes: [UInt8]) {
      (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
    }

    /// A tensor of float32 numbers.
    public init(name: String, shape: [Int], _ values: [Float]) {
      self.init(
        name: name, type: "F32", shape: shape,
        bytes: values.flatMap { RawContainer.field($0.bitPattern) })
    }

    /// The numbers of a tensor in F32 or BF16.
    public var values: [Float] {
      let width = type == "F32" ? 4 : 2
      return stride(from: 0, to: bytes.count, by: width).map { start in
        let word = bytes[start..<start + width].reversed().reduce(UInt32(0)) {
          $0 << 8 | UInt32($1)
        }
        return Float(bitPattern: width == 4 ? word : word << 16)
      }
    }
  }

  /// The tensors.
  public var entries: [Entry]

  private struct Header: Decodable {
    let dtype: String
    let shape: [Int]
    let data_offsets: [Int]
  }

  /// Reads a valid file.
  public init(_ path: String) throws {
    let file = try bytes(of: path)
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    var object =
      try JSONSerialization.jsonObject(with: Data(file[8..<8 + length])) as? [String: Any] ?? [:]
    object["__metadata__"] = nil
    let headers = try JSONDecoder().decode(
      [String: Header].self, from: JSONSerialization.data(withJSONObject: object))
    entries = headers.map { name, header in
      let range = 8 + length + header.data_offsets[0]..<8 + length + header.data_offsets[1]
      return Entry(name: name, type: header.dtype, shape: header.shape, bytes: Array(file[range]))
    }.sorted { $0.name < $1.name }
  }

  /// The tensor of that name.
  public subscript(_ name: String) -> Entry? {
    get { entries.first { $0.name == name } }
    set {
      entries.removeAll { $0.name == name }
      if let newValue { entries.append(newValue) }
    }
  }

  /// Writes the file.
  public func write(to path: String) throws {
    var (header, data) = ([String: Any](), [UInt8]())
    for entry in entries {
      header[entry.name] = [
        "dtype": entry.type, "shape": entry.shape,
        "data_offsets": [data.count, data.count + entry.bytes.count],
      ]
      data += entry.bytes
    }
    let text = Array(try JSONSerialization.data(withJSONObject: header))
    try Data(RawContainer.field(UInt64(text.count)) + text + data).write(to: URL(filePath: path))
  }
}

extension ScratchFolder {
  /// A copy of a tiny model's folder whose weights are changed.
  public func model(
    _ name: String, changing change: (inout TensorFile) throws -> Void
  ) throws -> String {
    let folder = path("model-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: Fixtures.path("models/\(name)"), toPath: folder)
    var file = try TensorFile("\(folder)/model.safetensors")
    try change(&file)
    try file.write(to: "\(folder)/model.safetensors")
    return folder
  }
}
