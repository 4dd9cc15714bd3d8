public import Foundation

/// Files that the tests read.
public enum Fixtures {
  /// The repository's folder `fixtures`.
  public static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures")

  /// A path below `fixtures`.
  public static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A JSON file below `fixtures`.
  public static func json<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(contentsOf: folder.appending(path: name)))
  }

  /// The names of the tiny models: all tensor types, on their own or mixed.
  public static let tinyModels = [
    "f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "output", "untied", "mixed",
  ].map { "tiny-llama-\($0).gguf" }

  /// The names of the tiny models of all architectures: folders, most with a GGUF of equal weights.
  public static let architectures = [
    "llama3-rope", "llama3-rope-96", "linear-rope", "yarn-rope", "dynamic-rope", "mistral",
    "qwen2", "qwen2-window", "qwen3", "olmo2", "phi3", "gemma2", "gemma3",
  ].map { "tiny-\($0)" }

  /// The tiny models that also exist as GGUF, by name without an ending.
  public static let architecturesInBoth = architectures.filter {
    FileManager.default.fileExists(atPath: path("models/\($0).gguf"))
  }

  /// The names of the tiny models that are folders: weights in one file, and in shards.
  public static let tinyFolders = ["tiny-llama-f32", "tiny-llama-bf16"]
}

/// A folder that is removed when the test is over.
public final class ScratchFolder: Sendable {
  private let url: URL

  /// Makes a new folder.
  public init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "qfilters-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A path in the folder.
  public func path(_ name: String) -> String { url.appending(path: name).path }

  /// The names in the folder, hidden files included.
  public var contents: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.sorted() ?? []
  }

  /// Writes a file and returns its path.
  public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    try Data(bytes).write(to: url.appending(path: name))
    return path(name)
  }
}

/// Cuts a file, or extends it by zeros that take no space.
public func setLength(of path: String, to length: UInt64) throws {
  try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: length)
}

/// The bytes of a file.
public func bytes(of path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(filePath: path)))
}

extension [UInt8] {
  /// Gives a matrix of a GGUF file another type, by its number, without changing the values' bytes.
  public mutating func setType(of matrix: String, to type: UInt8) {
    guard let name = firstRange(of: Array(matrix.utf8)) else { return }
    // A rank of 32 bits and two dimensions of 64 come before it.
    replaceSubrange(name.upperBound + 20..<name.upperBound + 24, with: [type, 0, 0, 0])
  }
}
