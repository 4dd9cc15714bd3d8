import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// A state file of llama.cpp: of a whole context (a session) or of one sequence.
///
/// All numbers are little-endian. After magic and version come the token ids, for a session the
/// architecture's name, and then a cache; models with a sliding window have two, the second with
/// the layers that have the window. `docs/exchange.md` has the fields.
struct LlamaState {
  static let (sessionMagic, sessionVersion): (UInt32, UInt32) = (0x6767_736E, 10)
  static let (sequenceMagic, sequenceVersion): (UInt32, UInt32) = (0x6767_7371, 3)

  /// The file's cache.
  let cache: ForeignCache

  /// Reads a file that begins with one of the magics.
  ///
  /// - Throws: `MalformedFile`, `ForeignCacheError`.
  init(_ file: MappedFile, of model: ModelConfig) throws {
    var reader = ByteReader(file.bytes, path: file.path, section: "llama.cpp state")
    let isSession = try reader.read(UInt32.self) == Self.sessionMagic
    let version = try reader.read(UInt32.self)
    let known = isSession ? Self.sessionVersion : Self.sequenceVersion
    guard version == known else {
      throw ForeignCacheError(
        path: file.path,
        problem: .unsupported(
          "version \(version) of a llama.cpp \(isSession ? "session" : "sequence")",
          supported: "\(known)"))
    }
    let count = try reader.read(UInt32.self)
    let tokens = try reader.readArray(UInt32.self, count: Int(count))
    if isSession { try Self.checkArchitecture(&reader, model, file.path) }
    var parts: [LlamaCells] = []
    while reader.remaining > 0 {
      guard parts.count < 2 else { throw reader.error("something follows the second cache") }
      parts.append(try LlamaCells(&reader, model, tokens: parts.first?.count, file.path))
    }
    cache = ForeignCache(
      format: isSession ? .llamaSession : .llamaSequence, file: file,
      tokens: tokens.isEmpty ? nil : tokens, length: parts.first?.count ?? 0,
      layers: try Self.layers(parts, model, file.path))
  }

  private static func checkArchitecture(
    _ reader: inout ByteReader, _ model: ModelConfig, _ path: String
  ) throws {
    let length = try reader.readSize("letters", 0...256)
    let name = String(decoding: try reader.readBytes(length), as: UTF8.self)
    guard name == model.name else {
      throw ForeignCacheError(
        path: path, problem: .otherArchitecture(found: name, model: model.name))
    }
  }

  /// The layers in the model's order.
  private static func layers(
    _ parts: [LlamaCells], _ model: ModelConfig, _ path: String
  ) throws -> [ForeignLayer] {
    let windowed = (0..<model.layers).filter { model.window(ofLayer: $0) != nil }
    let others = (0..<model.layers).filter { model.window(ofLayer: $0) == nil }
    let places = parts.count == 2 ? [others, windowed] : [Array(0..<model.layers)]
    guard parts.map(\.layers.count) == places.map(\.count) else {
      let found = parts.map { "\($0.layers.count)" }.joined(separator: " and ")
      throw ForeignCacheError(
        path: path,
        problem: .otherShape(
          found: "\(found.isEmpty ? "no" : found) layers",
          model: places.map { "\($0.count)" }.joined(separator: " and ")))
    }
    let layers = zip(places, parts).flatMap { zip($0, $1.layers) }.sorted { $0.0 < $1.0 }
    return layers.map(\.1)
  }
}
