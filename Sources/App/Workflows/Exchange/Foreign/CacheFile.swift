import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// A safetensors file with a cache, by the names and shapes of its tensors.
struct CacheFile {
  let file: SafetensorsFile
  let model: ModelConfig
  let metadata: [String: String]
  private let places: [String: SafetensorsFile.Place]

  /// Opens a file.
  ///
  /// - Throws: `SystemError`, `MalformedFile`, `UnsupportedModel`.
  init(path: String, of model: ModelConfig) throws {
    file = try SafetensorsFile(path: path)
    self.model = model
    guard let places = file.places else {
      throw MalformedFile(path: path, section: "header", problem: "two tensors have one name")
    }
    self.places = places
    metadata = Dictionary(file.metadata.map { ($0.name, $0.text) }) { first, _ in first }
  }

  /// Whether it has mlx-lm's names.
  var isMLX: Bool { places["0.0"] != nil || places["0.0.0"] != nil }

  func malformed(_ section: String, _ problem: String) -> MalformedFile {
    MalformedFile(path: file.path, section: section, problem: problem)
  }

  func problem(_ problem: ForeignCacheError.Problem) -> ForeignCacheError {
    ForeignCacheError(path: file.path, problem: problem)
  }

  /// The tensor of a name.
  ///
  /// - Throws: `MalformedFile` if there is none.
  func place(_ name: String) throws(MalformedFile) -> SafetensorsFile.Place {
    guard let place = places[name] else { throw malformed("tensor \(name)", "it is missing") }
    return place
  }

  func hasTensor(_ name: String) -> Bool { places[name] != nil }

  /// The type of a tensor of keys or values.
  func element(_ name: String) throws -> KVCache.DType {
    switch try place(name).type {
    case .f16: return .f16
    case .bf16: return .bf16
    case .f32: return .f32
    default:
      let type = try place(name).type.rawValue
      throw problem(.unsupported("\(name) of type \(type)", supported: "F16, BF16, F32"))
    }
  }

  /// Keys or values in one tensor of the shape [kvHeads][tokens][length], or with a dimension of
  /// one before it.
  ///
  /// - Returns: The rows, and the number of tokens that they have room for.
  func stacked(_ name: String, length: Int) throws -> (rows: ForeignRows, tokens: Int) {
    let (place, type) = (try place(name), try element(name))
    let shape =
      place.shape.count == 4 && place.shape[0] == 1
      ? Array(place.shape.dropFirst()) : place.shape
    guard shape.count == 3, shape[0] == model.kvHeads, shape[2] == length else {
      throw problem(
        .otherShape(
          found: "\(name) of the shape \(place.shape)",
          model: "[\(model.kvHeads), tokens, \(length)]"))
    }
    let token = length * type.size
    return (
      ForeignRows(
        type: type, length: length,
        heads: (0..<model.kvHeads).map { place.bytes.lowerBound + $0 * shape[1] * token },
        tokenStride: token, elementStride: type.size), shape[1]
    )
  }

  /// Whole numbers of a tensor, none of them negative.
  func integers(_ name: String) throws -> [UInt32] {
    let place = try place(name)
    var reader = ByteReader(file.file.bytes, path: file.path, section: "tensor \(name)")
    try reader.skip(place.bytes.lowerBound)
    let wide: [UInt64]
    switch place.type {
    case .i32, .u32:
      wide = try reader.readArray(UInt32.self, count: place.bytes.count / 4).map(UInt64.init)
    case .i64, .u64:
      wide = try reader.readArray(UInt64.self, count: place.bytes.count / 8)
    default:
      throw problem(
        .unsupported("\(name) of type \(place.type.rawValue)", supported: "I32, U32, I64, U64"))
    }
    guard wide.allSatisfy({ $0 <= UInt64(Int32.max) }) else {
      throw malformed("tensor \(name)", "a number is negative or too great")
    }
    return wide.map { UInt32(truncatingIfNeeded: $0) }
  }

  /// A whole number in a tensor without dimensions.
  func integer(_ name: String) throws -> Int {
    let numbers = try integers(name)
    guard numbers.count == 1, let number = numbers.first else {
      throw malformed("tensor \(name)", "it is no single number")
    }
    return Int(number)
  }
}
