import CInferenceKernels
import Glibc
import TestSupport

/// The greatest weight of each of some pairs, by the kernel and in plain arithmetic.
extension AttentionCase {
  /// A case whose pairs are in one part.
  static func single(random: inout SeededGenerator) -> AttentionCase {
    while true {
      let shape = AttentionCase(random: &random)
      if shape.parts.count == 1 { return shape }
    }
  }

  /// Logarithms to the base 2 of the greatest weights of some pairs.
  ///
  /// - Parameter before: What the peaks are at first.
  func peaks(
    _ isa: ISA, products: ck_type, of pairs: Range<Int>, before: [Float]
  ) -> [Float] {
    var denominators = [Float](repeating: .nan, count: tokens * group)
    _ = run(isa, products: products, denominators: &denominators)
    var peaks = before
    var scratch = [Float](repeating: .nan, count: ck_attend_scratch(keyLength, valueLength, group))
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe peaks.withUnsafeMutableBufferPointer { peaks in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          unsafe denominators.withUnsafeMutableBufferPointer { denominators in
            unsafe withPairs(parts[...], []) { parts in
              unsafe parts.withUnsafeBufferPointer { parts in
                var call = unsafe ck_peak(
                  attention: ck_attention(
                    queries: queries.baseAddress, output: nil,
                    denominators: denominators.baseAddress, pairs: parts.baseAddress, parts: 1,
                    products: products, first_token: 0, token_count: tokens, group: group,
                    query_stride: group * keyLength, output_stride: 0, denominator_stride: group,
                    key_length: keyLength, value_length: valueLength, scale: scale, cap: cap,
                    scratch: scratch.baseAddress), first: pairs.lowerBound, pairs: pairs.count,
                  peaks: peaks.baseAddress)
                unsafe isa.kernels.peak(&call)
              }
            }
          }
        }
      }
    }
    return peaks
  }

  /// The same in plain arithmetic; −∞ for a pair that no query sees.
  func plainPeaks(of pairs: Range<Int>) -> [Double] {
    let part = parts[0]
    var peaks = [Double](repeating: -.infinity, count: part.count)
    for row in 0..<tokens * group {
      let query = queries[row * keyLength..<(row + 1) * keyLength]
      let visible = part.visible(to: row / group)
      let scores = visible.map { pair in
        let key = part.keys.floats[pair * keyLength..<(pair + 1) * keyLength]
        let score = Double(scale) * zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        return cap == 0 ? score : Double(cap) * tanh(score / Double(cap))
      }
      let total = log(scores.reduce(0) { $0 + exp($1) })
      for (pair, score) in zip(visible, scores) { peaks[pair] = max(peaks[pair], score - total) }
    }
    return pairs.map { peaks[$0] / log(2) }
  }
}
