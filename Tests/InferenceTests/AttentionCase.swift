import CKernels
import Glibc
import TestSupport

func exponential(_ x: Double) -> Double { exp(x) }

/// One random call of the attention kernel, and the same in plain arithmetic.
struct AttentionCase: CustomStringConvertible {
  let group, tokens, before, keyLength, valueLength: Int
  let isHalf: Bool
  let queries, keys, values: [Float]
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

  func run(_ path: Path) -> [Float] {
    var output = [Float](repeating: .nan, count: tokens * group * valueLength)
    var scratch = [Float](repeating: .nan, count: ck_attend_scratch(keyLength, valueLength, group))
    let (halfKeys, halfValues) = (keys.map { Float16($0) }, values.map { Float16($0) })
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe withBytes(isHalf ? halfKeys : keys, isHalf ? halfValues : values) { keys, values in
            var call = unsafe ck_attention(
              queries: queries.baseAddress, output: output.baseAddress, keys: keys, values: values,
              type: isHalf ? CK_F16 : CK_F32, first_token: 0, token_count: tokens, group: group,
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
