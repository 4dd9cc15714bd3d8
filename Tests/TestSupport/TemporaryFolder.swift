import Foundation

/// A folder of its own for one test, removed with everything in it when the test lets it go.
public final class TemporaryFolder: Sendable {
  /// Where the folder is.
  public let path: String

  /// Makes a new folder.
  public init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("qfilters-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the folder.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The names of the files in the folder, hidden ones too.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// Writes bytes to a file and returns its path.
  @discardableResult public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// A file's bytes.
  public func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }
}
