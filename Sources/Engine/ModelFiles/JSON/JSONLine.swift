public import ByteIO

/// A line of a JSON Lines file.
public enum JSONLine {
  /// The text at a key of the object on a line.
  ///
  /// - Parameters:
  ///   - bytes: The line, without its break.
  ///   - field: The key.
  ///   - path: The file, for errors.
  ///   - number: The line's number from 1, for errors.
  /// - Throws: `MalformedFile` that names the line if it holds no JSON object or no text there.
  public static func text(
    _ bytes: [UInt8], field: String, path: String, number: Int
  ) throws(MalformedFile) -> [UInt8] {
    let section = "line \(number)"
    let value = try JSONParser.parse(bytes, path: path, section: section)
    let object = try JSONObject(value, path, section)
    guard let text = try object.bytes(field) else { throw object.error(field, "is missing") }
    return text
  }
}
