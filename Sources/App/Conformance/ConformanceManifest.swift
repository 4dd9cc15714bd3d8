import ByteIO
import FoundationEssentials

/// The list of conformance fixtures and what a reader must do with each (spec, conformance.md).
struct ConformanceManifest {
  /// A run of zeros that the committed file leaves out.
  struct Zeros: Decodable {
    let at: UInt64
    let count: UInt64
  }

  /// A file that a fixture needs: one that it continues, a transform, or a key.
  struct Parent: Decodable {
    let file: String
    let sha256: String
  }

  /// One decoding of a file that must be read.
  struct Read: Decodable {
    /// What ×N keeps, or nil for all that is stored.
    let compression: Int?
    /// The SHA-256 of each tensor, in hexadecimal.
    let tensors: [String: String]
  }

  /// A file that must be read.
  struct Valid: Decodable {
    let file: String
    let sha256: String
    let insertZeros: Zeros?
    let parents: [Parent]?
    /// What opens it, if it is encrypted.
    let keys: [Parent]?
    let reads: [Read]
    /// Compressions that the file does not hold.
    let notStored: [Int]?
  }

  /// A file that must be rejected.
  struct Invalid: Decodable {
    let file: String
    let sha256: String
    let insertZeros: Zeros?
    let parents: [Parent]?
    /// What opens it, if it is encrypted.
    let keys: [Parent]?
    let section: String
    let rule: String
    /// What ×N is asked for, or nil for all that is stored.
    let compression: Int?
    /// The exit code of the rejection; nil means 65.
    let exitCode: Int?
  }

  let valid: [Valid]
  let invalid: [Invalid]

  /// A file that lists fixtures.
  private struct List<Fixture: Decodable>: Decodable {
    /// The version of the list's own layout.
    let format: Int
    let fixtures: [Fixture]
  }

  private static let maximumBytes: UInt64 = 1 << 26

  /// Reads the lists of a folder, `valid.json` and `invalid.json`.
  ///
  /// - Throws: `MalformedFile` if one is no list of a known layout, `SystemError`.
  init(folder: String) throws {
    valid = try Self.list("\(folder)/valid.json")
    invalid = try Self.list("\(folder)/invalid.json")
  }

  private static func list<Fixture: Decodable>(_ path: String) throws -> [Fixture] {
    let file = try RandomAccessFile(path: path)
    func error(_ problem: String) -> MalformedFile {
      MalformedFile(path: path, section: "manifest", problem: problem)
    }
    guard file.size <= maximumBytes else { throw error("longer than 64 MiB") }
    let bytes = try file.read(at: 0, count: Int(file.size), section: "manifest")
    guard let list = try? JSONDecoder().decode(List<Fixture>.self, from: Data(bytes)) else {
      throw error("not a list of conformance fixtures; take the folder of the specification")
    }
    guard list.format == 1 else { throw error("layout \(list.format) is unknown here; update") }
    return list.fixtures
  }
}
