import CInferenceKernels
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
func logarithm(_ x: Double) -> Double { log(x) }
func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }

/// The form of GELU with tanh, arXiv 1606.08415.
func gelu(_ x: Float) -> Double {
  let x = Double(x)
  return x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
}

/// Pairs of a head that are held alike.
struct PartCase {
  var keys, values: RowsCase
  /// All of them but those of new tokens.
  let before: Int
  /// Pairs too far back for each token; empty if there is no window.
  let outOfWindow: [Int]

  var count: Int { keys.count }

  func visible(to token: Int) -> Range<Int> {
    (outOfWindow.isEmpty ? 0 : outOfWindow[token])..<min(count, before + token + 1)
  }

  /// `before` pairs, and one for each of `tokens` if they are the last part.
  init(
    before: Int, tokens: Int, isLast: Bool, isWindowed: Bool, keyLength: Int, valueLength: Int,
    random: inout SeededGenerator
  ) {
    let count = before + (isLast ? tokens : 0)
    let forms: [UInt32] = isLast ? [0] : [0, 4, 8]
    keys = RowsCase(
      count, length: keyLength, bits: forms.randomElement(using: &random) ?? 0, hasGroups: true,
      magnitude: 0.5, random: &random)
    values = RowsCase(
      count, length: valueLength, bits: forms.randomElement(using: &random) ?? 0, hasGroups: false,
      magnitude: 0.5, random: &random)
    self.before = isLast ? before : count
    // In a ragged cache any number of pairs may be out of a token's window, except its own.
    let start = Int.random(in: 0...before, using: &random)
    let step = Int.random(in: 0...1, using: &random)
    outOfWindow = isWindowed ? (0..<tokens).map { min(count, start + $0 * step) } : []
  }
}

/// One random call of the attention kernel, and the same in plain arithmetic.
struct AttentionCase: CustomStringConvertible {
  let group, tokens, keyLength, valueLength: Int
  private(set) var queries: [Float]
  private(set) var parts: [PartCase]
  let scale: Float = 0.3
  /// 0 for none.
  let cap: Float

  init(random: inout SeededGenerator) {
    group = .random(in: 1...9, using: &random)
    tokens = .random(in: 1...min(30, ck_attend_tokens(group)), using: &random)
    keyLength = [2, 3, 16, 24, 40, 64, 80, 128].randomElement(using: &random) ?? 2
    valueLength = [1, 3, 16, 24, 40, 64, 80, 128].randomElement(using: &random) ?? 1
    let isWindowed = Bool.random(using: &random)
    let count = Int.random(in: 1...3, using: &random)
    parts = []
    for index in 0..<count {
      let before =
        [0, 1, 63, 64, 65, .random(in: 0...300, using: &random)].randomElement(using: &random) ?? 0
      parts.append(
        PartCase(
          before: before, tokens: tokens, isLast: index == count - 1, isWindowed: isWindowed,
          keyLength: keyLength, valueLength: valueLength, random: &random))
    }
    cap = Bool.random(using: &random) ? 0 : .random(in: 0.5...3, using: &random)
    queries = random.floats(tokens * group * keyLength).map { $0 * 4 }
  }

  var description: String {
    """
    group \(group), \(tokens) tokens, \(keyLength) + \(valueLength), cap \(cap), \
    \(parts.map { "[\($0.keys); \($0.values); out of window: \($0.outOfWindow)]" })
    """
  }

  func run(_ isa: ISA, products: ck_type) -> [Float] {
    var denominators = [Float](repeating: .nan, count: tokens * group)
    return run(isa, products: products, denominators: &denominators)
  }

  /// - Parameter denominators: Receives logarithms to the base 2, [tokens × group].
  func run(_ isa: ISA, products: ck_type, denominators: inout [Float]) -> [Float] {
    var output = [Float](repeating: .nan, count: tokens * group * valueLength)
    let scratch = UnsafeMutablePointer<Float>.allocate(
      capacity: ck_attend_scratch(keyLength, valueLength, group))
    defer { unsafe scratch.deallocate() }
    unsafe queries.withUnsafeBufferPointer { queries in
      unsafe output.withUnsafeMutableBufferPointer { output in
        unsafe denominators.withUnsafeMutableBufferPointer { denominators in
          unsafe withPairs(parts[...], []) { pairs in
            unsafe pairs.withUnsafeBufferPointer { pairs in
              var call = unsafe ck_attention(
                queries: queries.baseAddress, output: output.baseAddress,
                denominators: denominators.baseAddress, pairs: pairs.baseAddress,
                parts: pairs.count, products: products, first_token: 0, token_count: tokens,
                group: group, query_stride: group * keyLength,
                output_stride: group * valueLength, denominator_stride: group,
                key_length: keyLength, value_length: valueLength, scale: scale, cap: cap,
                scratch: scratch)
              unsafe isa.kernels.attend(&call)
            }
          }
        }
      }
    }
    return output
  }

  @unsafe func withPairs(
    _ parts: ArraySlice<PartCase>, _ pairs: [ck_pairs], _ body: ([ck_pairs]) -> Void
  ) {
    guard let part = parts.first else { return unsafe body(pairs) }
    unsafe part.keys.withRows { keys in
      unsafe part.values.withRows { values in
        unsafe part.outOfWindow.withUnsafeBufferPointer { outOfWindow in
          let pair = unsafe ck_pairs(
            keys: keys, values: values, count: part.count, before: part.before,
            out_of_window: outOfWindow.isEmpty ? nil : outOfWindow.baseAddress)
          unsafe withPairs(parts.dropFirst(), pairs + [pair], body)
        }
      }
    }
  }

  /// The last token alone, its pairs cut into splits of `size`.
  func runSplits(_ isa: ISA, size: Int) -> [Float] {
    let partial = ck_split_floats(valueLength)
    let ranges = parts.enumerated().flatMap { index, part in
      let range = part.visible(to: tokens - 1)
      return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
        (part: index, pairs: $0..<min(range.upperBound, $0 + size))
      }
    }
    var partials = [Float](repeating: .nan, count: ranges.count * group * partial)
    var scratch = [Float](repeating: .nan, count: ck_split_scratch(keyLength, valueLength, group))
    let query = Array(queries.suffix(group * keyLength))
    unsafe query.withUnsafeBufferPointer { query in
      unsafe partials.withUnsafeMutableBufferPointer { partials in
        unsafe scratch.withUnsafeMutableBufferPointer { scratch in
          for (segment, range) in ranges.enumerated() {
            unsafe parts[range.part].keys.withRows { keys in
              unsafe parts[range.part].values.withRows { values in
                var call = unsafe ck_split(
                  queries: query.baseAddress, keys: keys, values: values,
                  first: range.pairs.lowerBound, pairs: range.pairs.count, group: group,
                  key_length: keyLength, value_length: valueLength, scale: scale, cap: cap,
                  partials: partials.baseAddress.map { unsafe $0 + segment * group * partial },
                  scratch: scratch.baseAddress)
                unsafe isa.kernels.attend_split(&call)
              }
            }
          }
        }
      }
    }
    return (0..<group).flatMap { member in
      var output = [Float](repeating: .nan, count: valueLength)
      unsafe isa.kernels.merge_splits(
        Array(partials[(member * partial)...]), ranges.count, group * partial, valueLength, &output)
      return output
    }
  }

  /// The same case with all inputs rounded to bfloat16.
  var rounded: AttentionCase {
    var copy = self
    copy.queries = queries.map(\.roundedToBFloat16)
    for index in parts.indices {
      copy.parts[index].keys = parts[index].keys.rounded
      copy.parts[index].values = parts[index].values.rounded
    }
    return copy
  }

  func reference() -> [Double] {
    (0..<tokens * group).flatMap { row in
      let query = queries[row * keyLength..<(row + 1) * keyLength]
      var sums = [Double](repeating: 0, count: valueLength)
      var total = 0.0
      for part in parts {
        for pair in part.visible(to: row / group) {
          let key = part.keys.floats[pair * keyLength..<(pair + 1) * keyLength]
          let score =
            Double(scale) * zip(query, key).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
          let weight = exp(cap == 0 ? score : Double(cap) * tanh(score / Double(cap)))
          total += weight
          for i in 0..<valueLength {
            sums[i] += weight * Double(part.values.floats[pair * valueLength + i])
          }
        }
      }
      return sums.map { $0 / total }
    }
  }
}
