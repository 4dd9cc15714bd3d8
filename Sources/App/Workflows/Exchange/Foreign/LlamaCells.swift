import ByteIO
import Inference
import ModelFiles

/// One cache of a llama.cpp state: cells, and some layers' keys and values in their order.
struct LlamaCells {
  /// The number of cells, which hold the tokens at positions 0 … count − 1.
  let count: Int
  let layers: [ForeignLayer]

  /// ggml's numbers of element types.
  static let types: [UInt32: KVCache.DType] = [0: .f32, 1: .f16, 30: .bf16]
  private static let quantised: [UInt32: String] = [
    2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 20: "IQ4_NL",
  ]

  /// Reads a cache of `model`.
  ///
  /// - Parameter tokens: The number of tokens, if another cache has told it.
  /// - Throws: `MalformedFile`, `ForeignCacheError`.
  init(
    _ reader: inout ByteReader, _ model: ModelConfig, tokens: Int?, _ path: String
  ) throws {
    let streams = try reader.read(UInt32.self)
    guard streams == 1 else {
      throw Self.unsupported(path, "a cache of \(streams) streams", "one")
    }
    let cells = try reader.read(UInt32.self)
    // A cell takes 12 bytes.
    guard cells > 0, cells <= UInt32(Int32.max), Int(cells) <= reader.remaining / 12 else {
      throw reader.error("an impossible number of cells: \(cells)")
    }
    count = Int(cells)
    if let tokens, tokens != count {
      let windowed = (0..<model.layers).first { model.window(ofLayer: $0) != nil }
      throw ForeignCacheError(
        path: path, problem: .windowed(layer: windowed ?? 0, held: count, tokens: tokens))
    }
    let order = try Self.order(&reader, count: count, path)
    let isTransposed = try reader.readSize("transpositions", 0...1) == 1
    let layerCount = try reader.readSize("layers", 0...4096)
    var keys: [ForeignRows] = []
    var values: [ForeignRows] = []
    for _ in 0..<layerCount {
      var rows = try Self.rows(&reader, count, model.kvHeads, model.keyLength, path, what: "keys")
      rows.order = order
      rows.isInterleaved = model.isInterleavedInGGUF
      keys.append(rows)
    }
    for _ in 0..<layerCount {
      var rows =
        try isTransposed
        ? Self.transposed(&reader, count, model, path)
        : Self.rows(&reader, count, model.kvHeads, model.valueLength, path, what: "values")
      rows.order = order
      values.append(rows)
    }
    layers = zip(keys, values).map { ForeignLayer(keys: $0, values: $1) }
  }

  private static func unsupported(
    _ path: String, _ what: String, _ supported: String
  ) -> ForeignCacheError {
    ForeignCacheError(path: path, problem: .unsupported(what, supported: supported))
  }

  /// The cell of each position; nil if they are in order.
  private static func order(
    _ reader: inout ByteReader, count: Int, _ path: String
  ) throws -> [Int]? {
    var order = [Int](repeating: -1, count: count)
    var sequence: UInt32?
    var least = UInt32.max
    var isPermutation = true
    for cell in 0..<count {
      let position = try reader.read(UInt32.self)
      let sequences = try reader.read(UInt32.self)
      guard sequences == 1 else {
        throw unsupported(path, "a cell of \(sequences) sequences", "cells of one sequence")
      }
      let id = try reader.read(UInt32.self)
      guard sequence == nil || sequence == id else {
        throw unsupported(path, "a context of several sequences", "one sequence")
      }
      sequence = id
      least = min(least, position)
      guard position < UInt32(count), order[Int(position)] < 0 else {
        isPermutation = false
        continue
      }
      order[Int(position)] = cell
    }
    guard isPermutation else {
      guard least == 0 else {
        throw unsupported(
          path, "a cache whose first token is at position \(least)", "all tokens from position 0")
      }
      throw reader.error("the cells' positions are not 0 to \(count - 1)")
    }
    return order.enumerated().allSatisfy { $0 == $1 } ? nil : order
  }

  private static func type(
    _ reader: inout ByteReader, _ path: String, what: String
  ) throws -> KVCache.DType {
    let number = try reader.read(UInt32.self)
    guard let type = types[number] else {
      throw unsupported(
        path, "\(what) of type \(quantised[number] ?? "number \(number)")", "F32, F16, BF16")
    }
    return type
  }

  private static func rows(
    _ reader: inout ByteReader, _ count: Int, _ heads: Int, _ length: Int, _ path: String,
    what: String
  ) throws -> ForeignRows {
    let type = try type(&reader, path, what: what)
    let rowBytes = try reader.read(UInt64.self)
    let expected = heads * length * type.size
    guard rowBytes == UInt64(expected) else {
      throw ForeignCacheError(
        path: path,
        problem: .otherShape(
          found: "\(what) of \(rowBytes) bytes a token", model: "\(expected)"))
    }
    let start = Int(reader.fileOffset)
    let (bytes, overflow) = expected.multipliedReportingOverflow(by: count)
    guard !overflow else { throw reader.error("an impossible number of cells: \(count)") }
    try reader.skip(bytes)
    return ForeignRows(
      type: type, length: length, heads: (0..<heads).map { start + $0 * length * type.size },
      tokenStride: expected, elementStride: type.size)
  }

  /// Values whose first elements of all cells come first, as they are without flash attention.
  private static func transposed(
    _ reader: inout ByteReader, _ count: Int, _ model: ModelConfig, _ path: String
  ) throws -> ForeignRows {
    let type = try type(&reader, path, what: "values")
    let size = try reader.read(UInt32.self)
    guard size == UInt32(type.size) else {
      throw reader.error("elements of \(size) bytes, not \(type.size)")
    }
    let rows = try reader.read(UInt32.self)
    let expected = model.kvHeads * model.valueLength
    guard rows == UInt32(expected) else {
      throw ForeignCacheError(
        path: path,
        problem: .otherShape(found: "values of \(rows) elements a token", model: "\(expected)"))
    }
    let start = Int(reader.fileOffset)
    let (bytes, overflow) = (expected * type.size).multipliedReportingOverflow(by: count)
    guard !overflow else { throw reader.error("an impossible number of cells: \(count)") }
    try reader.skip(bytes)
    let column = count * type.size
    return ForeignRows(
      type: type, length: model.valueLength,
      heads: (0..<model.kvHeads).map { start + $0 * model.valueLength * column },
      tokenStride: type.size, elementStride: column)
  }
}
