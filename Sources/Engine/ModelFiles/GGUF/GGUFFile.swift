import ByteIO

/// A parsed GGUF file, version 3: metadata by key and tensors by name. The tensors' values stay in
/// the mapped file. Source: the GGUF specification of the ggml project.
struct GGUFFile: Sendable {
  let path: String
  let metadata: [String: GGUFValue]
  var tensors: [String: Tensor]
  /// The file, and further parts of the model.
  var files: [MappedFile]

  private static let magic: UInt32 = 0x4655_4747  // "GGUF"
  private static let metadataLimit: UInt64 = 1 << 16
  private static let tensorLimit: UInt64 = 1 << 20
  /// The most bytes before the tensors' values, which is more than any vocabulary needs. It bounds
  /// memory and time: the size of a sparse file costs nothing.
  private static let headLimit = 1 << 27

  private static func isNone(_ head: RawSpan, _ path: String) throws -> MalformedFile {
    var reader = ByteReader(head, path: path, section: "header")
    let beginning = try reader.readBytes(min(16, head.byteCount))
    let name = KnownFile.name(startingWith: beginning)
    let advice =
      name == "a safetensors file"
      ? "; name its folder, which must also have config.json"
      : "; a model is such a file, or a folder with config.json"
    return MalformedFile(
      path: path, section: "header", offset: 0,
      problem: "this is \(name.map { "\($0), " } ?? "")not a GGUF file\(advice)")
  }

  init(_ file: MappedFile) throws {
    (path, files) = (file.path, [file])
    let head = file.bytes.extracting(0..<min(file.bytes.byteCount, Self.headLimit))
    var reader = ByteReader(head, path: file.path, section: "header")
    guard file.bytes.byteCount >= 4, try reader.read(UInt32.self) == Self.magic else {
      throw try Self.isNone(head, path)
    }
    let version = try reader.read(UInt32.self)
    guard version == 3 else {
      throw UnsupportedModel(path: path, what: "GGUF version \(version)", supported: ["3"])
    }
    let tensorCount = try reader.read(UInt64.self)
    let metadataCount = try reader.read(UInt64.self)
    guard tensorCount <= Self.tensorLimit, metadataCount <= Self.metadataLimit else {
      throw reader.error("\(tensorCount) tensors and \(metadataCount) keys are beyond belief")
    }
    metadata = try Self.readMetadata(count: metadataCount, from: &reader)
    tensors = try Self.readTensors(
      count: tensorCount, alignment: try Self.alignment(metadata, path: path), file: file,
      from: &reader)
  }

  private static func readMetadata(
    count: UInt64, from reader: inout ByteReader
  ) throws -> [String: GGUFValue] {
    var metadata: [String: GGUFValue] = [:]
    for _ in 0..<count {
      let key = String(decoding: try GGUFValue.readText(from: &reader), as: UTF8.self)
      guard metadata.updateValue(try GGUFValue(from: &reader), forKey: key) == nil else {
        throw reader.error("the key \(key) occurs twice")
      }
    }
    return metadata
  }

  private static func alignment(_ metadata: [String: GGUFValue], path: String) throws -> UInt64 {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .unsigned(let alignment) = value, alignment.nonzeroBitCount == 1,
      alignment <= 1 << 20
    else {
      throw MalformedFile(
        path: path, section: "metadata", problem: "general.alignment is no power of two up to 2^20")
    }
    return alignment
  }

  private struct TensorEntry {
    var name: String
    var shape: [Int]
    var type: UInt32
    var offset: UInt64
  }

  private static func readTensors(
    count: UInt64, alignment: UInt64, file: MappedFile, from reader: inout ByteReader
  ) throws -> [String: Tensor] {
    var entries: [TensorEntry] = []
    for _ in 0..<count { entries.append(try readEntry(from: &reader)) }
    let dataStart = (reader.fileOffset + alignment - 1) / alignment * alignment
    var tensors: [String: Tensor] = [:]
    for entry in entries {
      let tensor = try locate(entry, dataStart: dataStart, file: file)
      guard tensors.updateValue(tensor, forKey: entry.name) == nil else {
        throw reader.error("the tensor \(entry.name) occurs twice")
      }
    }
    try refuseOverlaps(tensors.values, alignment: alignment, path: file.path)
    return tensors
  }

  /// Each byte of the file belongs to at most one tensor.
  private static func refuseOverlaps(
    _ tensors: some Sequence<Tensor>, alignment: UInt64, path: String
  ) throws(MalformedFile) {
    var end = 0
    for tensor in tensors.sorted(by: { $0.offset < $1.offset }) {
      let problem: String? =
        if tensor.offset < end {
          "its values overlap another tensor's"
        } else if tensor.offset % Int(alignment) != 0 { "its values are not aligned" } else { nil }
      if let problem {
        throw MalformedFile(
          path: path, section: "tensor \(tensor.name)", offset: UInt64(tensor.offset),
          problem: problem)
      }
      end = tensor.offset + tensor.rows * tensor.rowBytes
    }
  }

  private static func readEntry(from reader: inout ByteReader) throws(MalformedFile) -> TensorEntry
  {
    let name = String(decoding: try GGUFValue.readText(from: &reader), as: UTF8.self)
    let rank = try reader.read(UInt32.self)
    guard (1...4).contains(rank) else { throw reader.error("\(name) has \(rank) dimensions") }
    var shape: [Int] = []
    for _ in 0..<rank {
      let length = try reader.read(UInt64.self)
      guard (1...1 << 32).contains(length) else {
        throw reader.error("\(name) has a dimension of \(length)")
      }
      shape.insert(Int(length), at: 0)
    }
    return TensorEntry(
      name: name, shape: shape, type: try reader.read(UInt32.self),
      offset: try reader.read(UInt64.self))
  }

  /// Checks that a tensor's values lie within the file.
  private static func locate(
    _ entry: TensorEntry, dataStart: UInt64, file: MappedFile
  ) throws -> Tensor {
    guard let type = TensorType(rawValue: entry.type) else {
      throw UnsupportedModel(
        path: file.path,
        what: "tensor type \(TensorType.name(ofRawValue: entry.type)) of \(entry.name)",
        supported: TensorType.allCases.map(\.name))
    }
    let columns = entry.shape[entry.shape.count - 1]
    guard columns % type.blockLength == 0 else {
      throw MalformedFile(
        path: file.path, section: "tensor \(entry.name)",
        problem: "rows of \(columns) values are no whole blocks of \(type.name), which have "
          + "\(type.blockLength); quantise it to another type")
    }
    var size = UInt64(columns / type.blockLength * type.blockBytes)
    var overflow = false
    for length in entry.shape.dropLast() {
      let product = size.multipliedReportingOverflow(by: UInt64(length))
      (size, overflow) = (product.partialValue, overflow || product.overflow)
    }
    let (start, startOverflow) = dataStart.addingReportingOverflow(entry.offset)
    let (end, endOverflow) = start.addingReportingOverflow(size)
    guard !overflow, !startOverflow, !endOverflow, end <= UInt64(file.bytes.byteCount) else {
      throw MalformedFile(
        path: file.path, section: "tensor \(entry.name)", offset: startOverflow ? nil : start,
        problem: "its values reach beyond the end of the file; fetch the file again")
    }
    return Tensor(
      name: entry.name, type: type, shape: entry.shape, file: file, offset: Int(start))
  }
}
