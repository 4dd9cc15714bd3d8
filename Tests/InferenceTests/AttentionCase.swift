import CKernels
import Glibc
import TestSupport

extension Float {
  /// To the nearest number with an 8-bit significand, ties to even; not for numbers below 2^-126.
  var roundedToBFloat16: Float {
    let bits = bitPattern
    return isNaN ? self : Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
  }
}

func exponential(_ x: Double) -> Double { exp(x) }

/// One random call of the attention kernel, and the same in plain arithmetic.
struct AttentionCase: CustomStringConvertible {
  let group, tokens, before, keyLength, valueLength: Int
  let isHalf: Bool
  private(set) var queries, keys, values: [Float]
  let scale: Float = 0.3

  init(random: inout SeededGenerator) {
    group = .random(in: 1...5, using: &random)
    tokens = .random(in: 1...min(30, ck_attend_tokens(group)), using: &random)
    before =
      [0, 1, 63, 64, 65, .random(in: 0...300, using: &random)].randomElement(using: &random) ?? 0
    keyLength = [2, 16, 24, 64, 80].randomElement(using: &random) ?? 2
    valueLength = [1, 16, 24, 64, 80].randomElement(using: &random) ?? 1
    isHalf = .random(using: &random)
    let pairs = before + tokens
    queries = random.floats(tokens * group * keyLength).map { $0 * 4 }
    // Exact in binary16, so that both element types hold the same.
    keys = random.floats(pairs * keyLength).map { Float(Float16($0)) }
    values = random.floats(pairs * valueLength).map { Float(Float16($0)) }
  }

  var description: String {
    "group \(group), \(tokens) tokens after \(before), \(keyLength) + \(valueLength), \(isHalf ? "f16" : "f32")"
  }

  func run(_ path: Path, products: ck_type) -> [Float] {
    var output = [Float](repeating: .nan, count: tokens * group * valueLength)
    var scratch = [Float](repeating: .nan, count: ck_attend_scratch(keyLength, valueLength, group))
    let (halfKeys, halfValues) = (keys.map { Float16($0) }, values.map { Float16($0) })
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe withBytes(isHalf ? halfKeys : keys, isHalf ? halfValues : values) { keys, values in
            var call = unsafe ck_attention(
              queries: queries.baseAddress, output: output.baseAddress, keys: keys, values: values,
              type: isHalf ? CK_F16 : CK_F32, products: products, first_token: 0,
              token_count: tokens, group: group,
              before: before, query_stride: group * keyLength, output_stride: group * valueLength,
              key_length: keyLength, value_length: valueLength, scale: scale,
              scratch: scratch.baseAddress)
            unsafe path.kernels.attend(&call)
          }
        }
      }
    }
    return output
  }

  /// The last token alone, its pairs cut into segments of `size`.
  func runSegments(_ path: Path, size: Int) -> [Float] {
    let (pairs, partial) = (before + tokens, ck_segment_floats(valueLength))
    let segments = (pairs + size - 1) / size
    var partials = [Float](repeating: .nan, count: segments * group * partial)
    var scratch = [Float](repeating: .nan, count: ck_segment_scratch(keyLength, valueLength, group))
    let (halfKeys, halfValues) = (keys.map { Float16($0) }, values.map { Float16($0) })
    let element = isHalf ? 2 : 4
    let query = Array(queries.suffix(group * keyLength))
    unsafe withBytes(isHalf ? halfKeys : keys, isHalf ? halfValues : values) { keys, values in
      guard let keys = unsafe keys, let values = unsafe values else { return }
      unsafe query.withUnsafeBufferPointer { query in
        unsafe partials.withUnsafeMutableBufferPointer { partials in
          unsafe scratch.withUnsafeMutableBufferPointer { scratch in
            for segment in 0..<segments {
              var call = unsafe ck_segment(
                queries: query.baseAddress, keys: keys + segment * size * keyLength * element,
                values: values + segment * size * valueLength * element,
                type: isHalf ? CK_F16 : CK_F32, pairs: min(size, pairs - segment * size),
                group: group, key_length: keyLength, value_length: valueLength, scale: scale,
                partials: partials.baseAddress.map { unsafe $0 + segment * group * partial },
                scratch: scratch.baseAddress)
              unsafe path.kernels.attend_segment(&call)
            }
          }
        }
      }
    }
    return (0..<group).flatMap { member in
      var output = [Float](repeating: .nan, count: valueLength)
      unsafe path.kernels.join_segments(
        Array(partials[(member * partial)...]), segments, group * partial, valueLength, &output)
      return output
    }
  }

  private func withBytes(
    _ keys: any Collection, _ values: any Collection,
    _ body: (UnsafeRawPointer?, UnsafeRawPointer?) -> Void
  ) {
    if let keys = keys as? [Float16], let values = values as? [Float16] {
      unsafe keys.withUnsafeBytes { k in
        unsafe values.withUnsafeBytes { v in unsafe body(k.baseAddress, v.baseAddress) }
      }
    } else if let keys = keys as? [Float], let values = values as? [Float] {
      unsafe keys.withUnsafeBytes { k in
        unsafe values.withUnsafeBytes { v in unsafe body(k.baseAddress, v.baseAddress) }
      }
    }
  }

  /// The same case with all inputs rounded to bfloat16.
  var rounded: AttentionCase {
    var copy = self
    copy.queries = queries.map(\.roundedToBFloat16)
    copy.keys = keys.map(\.roundedToBFloat16)
    copy.values = values.map(\.roundedToBFloat16)
    return copy
  }

  func reference() -> [Double] {
    (0..<tokens * group).flatMap { row in
      let query = queries[row * keyLength..<(row + 1) * keyLength]
      let weights = (0...before + row / group).map { pair in
        exp(
          Double(scale)
            * zip(query, keys[pair * keyLength..<(pair + 1) * keyLength]).reduce(0.0) {
              $0 + Double($1.0) * Double($1.1)
            })
      }
      let total = weights.reduce(0, +)
      return (0..<valueLength).map { i in
        weights.indices.reduce(0.0) { $0 + weights[$1] * Double(values[$1 * valueLength + i]) }
          / total
      }
    }
  }
}
