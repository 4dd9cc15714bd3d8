package import ByteIO

/// A list of whole numbers in JSON.
package enum JSONIntegers {
  /// The numbers.
  ///
  /// - Parameters:
  ///   - bytes: The list, and nothing else.
  ///   - path: The file, for errors.
  ///   - section: What the list is, for errors.
  /// - Throws: `MalformedFile` if it is anything else.
  package static func read(
    _ bytes: [UInt8], path: String, section: String
  ) throws(MalformedFile) -> [Int] {
    guard case .array(let values) = try JSONParser.parse(bytes, path: path, section: section) else {
      throw MalformedFile(path: path, section: section, problem: "it is no list in JSON")
    }
    let numbers = values.compactMap(\.integer)
    guard numbers.count == values.count else {
      throw MalformedFile(path: path, section: section, problem: "it holds what is no whole number")
    }
    return numbers
  }
}
