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
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }

/// The form of GELU with tanh, arXiv 1606.08415.
func gelu(_ x: Float) -> Double {
  let x = Double(x)
  return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
}

/// One random call of the attention kernel, and the same in plain arithmetic.
struct AttentionCase: CustomStringConvertible {
  let group, tokens, before, keyLength, valueLength: Int
  let isHalf: Bool
  private(set) var queries, keys, values: [Float]
  let scale: Float = 0.3
  /// Pairs too far back for each token; empty if there is no window.
  let hidden: [Int]
  /// 0 for none.
  let cap: Float

  init(random: inout SeededGenerator) {
    group = .random(in: 1...5, using: &random)
    tokens = .random(in: 1...min(30, ck_attend_tokens(group)), using: &random)
    before =
      [0, 1, 63, 64, 65, .random(in: 0...300, using: &random)].randomElement(using: &random) ?? 0
    keyLength = [2, 16, 24, 64, 80].randomElement(using: &random) ?? 2
    valueLength = [1, 16, 24, 64, 80].randomElement(using: &random) ?? 1
    isHalf = .random(using: &random)
    let pairs = before + tokens
    // In a ragged cache a token may leave behind any number of pairs, but for its own.
    let isWindowed = Bool.random(using: &random)
    let start = Int.random(in: 0...before, using: &random)
    let step = Int.random(in: 0...1, using: &random)
    hidden = isWindowed ? (0..<tokens).map { start + $0 * step } : []
    cap = Bool.random(using: &random) ? 0 : .random(in: 0.5...3, using: &random)
    queries = random.floats(tokens * group * keyLength).map { $0 * 4 }
    // Exact in binary16, so that both element types hold the same.
    keys = random.floats(pairs * keyLength).map { Float(Float16($0)) }
    values = random.floats(pairs * valueLength).map { Float(Float16($0)) }
  }

  var description: String {
    """
    group \(group), \(tokens) tokens after \(before), \(keyLength) + \(valueLength), \
    \(isHalf ? "f16" : "f32"), \
    hidden \(hidden.first ?? 0) … \(hidden.last ?? 0), cap \(cap)
    """
  }

  func run(_ path: Path, products: ck_type) -> [Float] {
    var output = [Float](repeating: .nan, count: tokens * group * valueLength)
    var scratch = [Float](repeating: .nan, count: ck_attend_scratch(keyLength, valueLength, group))
    let (halfKeys, halfValues) = (keys.map { Float16($0) }, values.map { Float16($0) })
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe withBytes(isHalf ? halfKeys : keys, isHalf ? halfValues : values) { keys, values in
            unsafe hidden.withUnsafeBufferPointer { hiddenPointer in
              var call = unsafe ck_attention(
                queries: queries.baseAddress, output: output.baseAddress, keys: keys,
                values: values,
                type: isHalf ? CK_F16 : CK_F32, products: products, first_token: 0,
                token_count: tokens, group: group,
                before: before, hidden: hidden.isEmpty ? nil : hiddenPointer.baseAddress,
                query_stride: group * keyLength, output_stride: group * valueLength,
                key_length: keyLength, value_length: valueLength, scale: scale, cap: cap,
                scratch: scratch.baseAddress)
              unsafe path.kernels.attend(&call)
            }
          }
        }
      }
    }
    return output
  }

  /// The last token alone, its pairs cut into segments of `size`.
  func runSegments(_ path: Path, size: Int) -> [Float] {
    let first = hidden.last ?? 0
    let (pairs, partial) = (before + tokens - first, ck_segment_floats(valueLength))
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
                queries: query.baseAddress,
                keys: keys + (first + segment * size) * keyLength * element,
                values: values + (first + segment * size) * valueLength * element,
                type: isHalf ? CK_F16 : CK_F32, pairs: min(size, pairs - segment * size),
                group: group, key_length: keyLength, value_length: valueLength, scale: scale,
                cap: cap,
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
      let token = row / group
      let weights = (0...before + token).map { pair in
        if !hidden.isEmpty, pair < hidden[token] { return 0.0 }
        let score =
          Double(scale)
          * zip(query, keys[pair * keyLength..<(pair + 1) * keyLength]).reduce(0.0) {
            $0 + Double($1.0) * Double($1.1)
          }
        return exp(cap == 0 ? score : Double(cap) * tanh(score / Double(cap)))
      }
      let total = weights.reduce(0, +)
      return (0..<valueLength).map { i in
        weights.indices.reduce(0.0) { $0 + weights[$1] * Double(values[$1 * valueLength + i]) }
          / total
      }
    }
  }
}
