import ByteIO

/// Reading and checking the header.
extension SafetensorsFile {
  static func entries(of header: JSONObject) throws -> [Entry] {
    var entries: [Entry] = []
    entries.reserveCapacity(header.members.count)
    for member in header.members {
      if member.key.elementsEqual(metadataKey.utf8) { continue }
      entries.append(try entry(member, header))
    }
    return entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
  }

  private static let metadataKey = "__metadata__"

  /// The metadata, which must be texts.
  static func metadata(
    of header: JSONObject
  ) throws(MalformedFile) -> [(name: String, text: String)] {
    guard let member = header.members.first(where: { $0.key.elementsEqual(metadataKey.utf8) })
    else { return [] }
    return try JSONObject(member.value, header.path, metadataKey).members.map {
      member throws(MalformedFile) in
      guard case .text(let text) = member.value else {
        throw MalformedFile(
          path: header.path, section: metadataKey, offset: member.offset,
          problem: "\(JSONParser.quoted(member.key)) is no text")
      }
      return (String(decoding: member.key, as: UTF8.self), String(decoding: text, as: UTF8.self))
    }
  }

  private static func entry(_ member: JSONValue.Member, _ header: JSONObject) throws -> Entry {
    let name = String(decoding: member.key, as: UTF8.self)
    func error(_ problem: String) -> MalformedFile {
      MalformedFile(
        path: header.path, section: "tensor \(name)", offset: member.offset, problem: problem)
    }
    let object = try JSONObject(member.value, header.path, "tensor \(name)")
    for known in object.members
    where !["dtype", "shape", "data_offsets"].contains(where: { known.key.elementsEqual($0.utf8) })
    {
      throw error("\(JSONParser.quoted(known.key)) is no property of a tensor")
    }
    guard let typeName = try object.text("dtype") else { throw error("dtype is missing") }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw UnsupportedModel(
        path: header.path, what: "tensor type \(typeName) of \(name)",
        supported: SafetensorsType.allCases.map(\.rawValue))
    }
    let shape = try object.array("shape")?.compactMap(\.integer)
    let offsets = try object.array("data_offsets")?.compactMap(\.integer)
    guard let shape, try object.array("shape")?.count == shape.count, shape.allSatisfy({ $0 >= 0 })
    else { throw error("shape is no list of lengths") }
    guard let offsets, try object.array("data_offsets")?.count == 2, offsets.count == 2,
      0 <= offsets[0], offsets[0] <= offsets[1]
    else { throw error("data_offsets are no beginning and end") }
    guard byteCount(of: shape, type) == offsets[1] - offsets[0] else {
      throw error("data_offsets span \(offsets[1] - offsets[0]) bytes, not what \(shape) needs")
    }
    return Entry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  /// Nil if there are more bytes than can be counted.
  private static func byteCount(of shape: [Int], _ type: SafetensorsType) -> Int? {
    var count = type.bytes
    for length in shape {
      let product = count.multipliedReportingOverflow(by: length)
      guard !product.overflow else { return nil }
      count = product.partialValue
    }
    return count
  }

  /// Each byte after the header belongs to exactly one tensor.
  static func checkRanges(
    _ entries: [Entry], dataStart: UInt64, dataSize: Int, path: String
  ) throws(MalformedFile) {
    var end = 0
    for entry in entries {
      let problem: String? =
        if entry.range.lowerBound < end {
          "its values overlap another tensor's"
        } else if entry.range.lowerBound > end {
          "\(entry.range.lowerBound - end) bytes before its values belong to no tensor"
        } else if entry.range.upperBound > dataSize {
          "its values reach beyond the end of the file; fetch the file again"
        } else { nil }
      if let problem {
        throw MalformedFile(
          path: path, section: "tensor \(entry.name)",
          offset: dataStart &+ UInt64(entry.range.lowerBound), problem: problem)
      }
      end = entry.range.upperBound
    }
    guard end == dataSize else {
      throw MalformedFile(
        path: path, section: "end", offset: dataStart + UInt64(end),
        problem: "\(dataSize - end) bytes belong to no tensor")
    }
  }
}
