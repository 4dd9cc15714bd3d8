import ByteIO
import CacheCodec
import CacheFormat
import Inference

/// A layer's keys or values: where each head's numbers are in a file.
struct ForeignRows {
  /// The type of an element.
  let type: KVCache.DType
  /// The number of elements of a key or value.
  let length: Int
  /// The offset in the file of each head's first element.
  let heads: [Int]
  /// How many bytes lie between two tokens' elements.
  let tokenStride: Int
  /// How many bytes lie between a token's elements.
  let elementStride: Int
  /// The place of each position among the tokens; nil if they are in order of position.
  var order: [Int]?
  /// Whether the halves of a key are interleaved for RoPE.
  var isInterleaved = false

  /// A head's first `count` tokens as floats, [count × length], in order of position.
  ///
  /// - Throws: `MalformedFile` if a number is not finite, or the file ends before.
  func floats(head: Int, count: Int, in file: MappedFile, section: String) throws -> [Float] {
    var floats: [Float]
    if elementStride == type.size {
      floats = try byToken(head, count, file, section)
    } else {
      floats = try byElement(head, count, file, section)
    }
    if isInterleaved { deinterleave(&floats) }
    guard floats.allSatisfy(\.isFinite) else {
      throw MalformedFile(path: file.path, section: section, problem: "a number is not finite")
    }
    return floats
  }

  private func byToken(
    _ head: Int, _ count: Int, _ file: MappedFile, _ section: String
  ) throws -> [Float] {
    if order == nil, tokenStride == length * type.size {
      return try numbers(count * length, at: heads[head], file, section)
    }
    var floats: [Float] = []
    floats.reserveCapacity(count * length)
    for position in 0..<count {
      let place = order?[position] ?? position
      floats += try numbers(length, at: heads[head] + place * tokenStride, file, section)
    }
    return floats
  }

  /// The numbers of transposed values, of which all tokens' first elements come first.
  private func byElement(
    _ head: Int, _ count: Int, _ file: MappedFile, _ section: String
  ) throws -> [Float] {
    var floats = [Float](repeating: 0, count: count * length)
    let places = order?.count ?? count
    for element in 0..<length {
      let column = try numbers(
        places, at: heads[head] + element * elementStride, file, section)
      for position in 0..<count {
        floats[position * length + element] = column[order?[position] ?? position]
      }
    }
    return floats
  }

  private func numbers(
    _ count: Int, at offset: Int, _ file: MappedFile, _ section: String
  ) throws -> [Float] {
    var reader = ByteReader(file.bytes, path: file.path, section: section)
    try reader.skip(offset)
    return ElementCodec(type).floats(try reader.readBytes(count * type.size))
  }

  private func deinterleave(_ floats: inout [Float]) {
    for start in stride(from: 0, to: floats.count, by: length) {
      let row = Array(floats[start..<start + length])
      for place in 0..<length {
        floats[start + place] = row[Interleaving.place(of: place, length: length)]
      }
    }
  }
}

/// Where programs that read GGUF have the elements of a key that RoPE turns pair by pair.
enum Interleaving {
  /// The place, in interleaved order, of an element of half-split order.
  static func place(of element: Int, length: Int) -> Int {
    let (half, index) = element.quotientAndRemainder(dividingBy: length / 2)
    return 2 * index + half
  }
}
