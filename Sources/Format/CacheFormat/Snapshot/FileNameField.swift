import ByteIO

/// The name of another file in a snapshot's folder (spec, sections 5.7 and 5.8): its length, then
/// UTF-8.
enum FileNameField {
  private static let longest = 255
  /// The greatest length of the field in bytes.
  static let maximumByteCount = 4 + longest

  /// Reads the field.
  ///
  /// - Throws: `MalformedFile` unless it can be a file's name in the same folder.
  static func read(_ reader: inout ByteReader) throws(MalformedFile) -> String {
    let length = try reader.read(UInt32.self)
    guard 1...longest ~= Int(length) else {
      throw reader.error("a file name of \(length) bytes")
    }
    let bytes = try reader.readBytes(Int(length))
    guard let name = String(validating: bytes, as: UTF8.self), name != ".", name != "..",
      !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0)
    else {
      throw reader.error("a name that no file can have")
    }
    return name
  }
}
