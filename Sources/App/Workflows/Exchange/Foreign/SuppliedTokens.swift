import ByteIO
import ModelFiles

/// The tokens of a cache, for a file that does not say them.
package enum SuppliedTokens: Sendable {
  /// A file with their ids, a list in JSON.
  case ids(path: String)
  /// UTF-8, tokenised as `prefill` does.
  case text([UInt8])

  /// The longest list of ids in bytes.
  private static let mostBytes: UInt64 = 1 << 28

  func ids(of model: LoadedModel) throws -> [UInt32] {
    switch self {
    case .ids(let path):
      let file = try RandomAccessFile(path: path)
      guard file.size <= Self.mostBytes else {
        throw MalformedFile(
          path: path, section: "token ids", problem: "\(file.size) bytes are no list of ids")
      }
      return try Self.ids(
        file.read(at: 0, count: Int(file.size), section: "token ids"), path: path)
    case .text(let text):
      return try Prompt.opening(text, usesChat: false, model: model).map(UInt32.init)
    }
  }

  /// The ids of a list in JSON.
  static func ids(_ json: [UInt8], path: String) throws(MalformedFile) -> [UInt32] {
    try JSONIntegers.read(json, path: path, section: "token ids").map {
      number throws(MalformedFile) in
      guard let id = UInt32(exactly: number), id <= UInt32(Int32.max) else {
        throw MalformedFile(
          path: path, section: "token ids", problem: "\(number) is no token's id")
      }
      return id
    }
  }
}
