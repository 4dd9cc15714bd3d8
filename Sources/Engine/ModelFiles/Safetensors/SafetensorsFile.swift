package import ByteIO

/// A parsed safetensors file: tensors by name, their values still in the mapped file.
///
///      0          8              8 + N                          end of file
///      ┌──────────┬──────────────┬──────────┬──────────┬─ ─ ─ ─┐
///      │ N  (u64) │ header, JSON │ tensor   │ tensor   │       │
///      └──────────┴──────────────┴──────────┴──────────┴─ ─ ─ ─┘
///
/// Source: the format's description in the safetensors project. `docs/safetensors.md` says what an
/// attacker could try, and what is done about it. Values may begin at any byte: the format aligns
/// nothing.
public struct SafetensorsFile: Sendable {
  /// Where the file was opened.
  public let path: String
  package let file: MappedFile
  private let entries: [Entry]
  /// The texts of `__metadata__`, by name, in the file's order.
  package let metadata: [(name: String, text: String)]

  /// One tensor of the header.
  struct Entry: Sendable {
    let name: String
    let type: SafetensorsType
    let shape: [Int]
    /// The values' place in the file, counted from the end of the header.
    let range: Range<Int>
  }

  /// The longest header, by the format's own limit.
  private static let headerLimit: UInt64 = 100_000_000

  /// Opens a `.safetensors` file and checks all of its header.
  ///
  /// - Throws: `SystemError` if it cannot be read, `MalformedFile` if it breaks the format,
  ///   `UnsupportedModel` if a tensor is of a type whose size is not known.
  public init(path: String) throws {
    let file = try MappedFile(path: path)
    var reader = ByteReader(file.bytes, path: path, section: "header")
    let length = try reader.read(UInt64.self)
    guard length <= Self.headerLimit else {
      throw MalformedFile(
        path: path, section: "header", offset: 0,
        problem: "a header of \(length) bytes, where \(Self.headerLimit) are allowed; "
          + "this may not be a safetensors file")
    }
    guard length <= UInt64(reader.remaining) else {
      throw MalformedFile(
        path: path, section: "header", offset: 0,
        problem: "a header of \(length) bytes, but only \(reader.remaining) are left; "
          + "fetch the file again")
    }
    let json = try reader.readBytes(Int(length))
    guard json.first == UInt8(ascii: "{") else {
      throw MalformedFile(
        path: path, section: "header", offset: 8, problem: "it does not begin with a brace")
    }
    let header = try JSONObject(
      JSONParser.parse(json, path: path, section: "header", base: 8), path, "header")
    self.path = path
    self.file = file
    entries = try Self.entries(of: header)
    metadata = try Self.metadata(of: header)
    try Self.checkRanges(
      entries, dataStart: reader.fileOffset, dataSize: reader.remaining, path: path)
  }

  /// The names of all tensors, in the order of their values.
  public var names: [String] { entries.map(\.name) }

  /// All tensors, each under the name that `rename` gives it.
  ///
  /// - Throws: What `rename` throws; `MalformedFile` if two get one name; `UnsupportedModel` if the
  ///   engine does not use a tensor's type.
  func tensors(
    renamed rename: (String) throws -> String?
  ) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for entry in entries {
      guard let name = try rename(entry.name) else { continue }
      guard tensors.updateValue(try tensor(entry, name: name), forKey: name) == nil else {
        throw MalformedFile(
          path: path, section: "tensor \(entry.name)", problem: "it occurs twice")
      }
    }
    return tensors
  }

  /// The tensor of that name, if there is one.
  ///
  /// - Throws: `UnsupportedModel` if its type is not F32, F16 or BF16.
  public func tensor(named name: String) throws(UnsupportedModel) -> Tensor? {
    guard let entry = entries.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      return nil
    }
    return try tensor(entry, name: name)
  }

  /// Where a tensor's values are, whatever their type.
  package struct Place: Sendable {
    /// The type of a value.
    package let type: SafetensorsType
    /// The dimensions, outermost first.
    package let shape: [Int]
    /// The bytes of the file that hold the values.
    package let bytes: Range<Int>
  }

  /// Where all tensors' values are, by name; nil if two have one name.
  package var places: [String: Place]? {
    var places: [String: Place] = [:]
    for entry in entries {
      let bytes = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
      let place = Place(type: entry.type, shape: entry.shape, bytes: bytes)
      guard places.updateValue(place, forKey: entry.name) == nil else { return nil }
    }
    return places
  }

  private func tensor(_ entry: Entry, name: String) throws(UnsupportedModel) -> Tensor {
    guard let type = entry.type.tensorType else {
      throw UnsupportedModel(
        path: path, what: "tensor type \(entry.type.rawValue) of \(entry.name)",
        supported: SafetensorsType.allCases.filter { $0.tensorType != nil }.map(\.rawValue))
    }
    return Tensor(
      name: name, type: type, shape: entry.shape, file: file,
      offset: dataStart + entry.range.lowerBound)
  }

  /// Where the header ends: the values fill the rest of the file exactly.
  private var dataStart: Int { file.bytes.byteCount - (entries.last?.range.upperBound ?? 0) }
}
