import CInferenceKernels
import TestSupport

/// Random rows of keys or values as a cache holds them, and their values.
struct RowsCase: CustomStringConvertible {
  let type: ck_type
  let bits: UInt32
  let count, length: Int
  /// [count × length]
  private(set) var floats: [Float]
  private let data: [UInt8]
  private let scales, minima: [Float]
  private let groups: [UInt32]

  /// - Parameters:
  ///   - hasGroups: Whether codes have scales for each column of a group of rows, or one for each
  ///     row.
  ///   - magnitude: About the greatest number.
  init(
    _ count: Int, length: Int, bits: UInt32, hasGroups: Bool, magnitude: Float = 1,
    random: inout SeededGenerator
  ) {
    (self.count, self.length, self.bits) = (count, length, bits)
    type = [CK_F32, CK_F16, CK_BF16].randomElement(using: &random) ?? CK_F32
    let groupCount = hasGroups && bits > 0 ? Int.random(in: 1...3, using: &random) : 0
    groups = (0..<(groupCount > 0 ? count : 0)).map { _ in
      UInt32.random(in: 0..<UInt32(groupCount), using: &random)
    }
    let stride = (length + 15) / 16 * 16
    let parameters = groupCount > 0 ? groupCount * stride : bits > 0 ? count : 0
    let levels: Float = bits == 8 ? 255 : 15
    scales = random.floats(parameters).map { Float(Float16(abs($0) * magnitude / levels)) }
    minima = random.floats(parameters).map { Float(Float16($0 * magnitude)) }
    guard bits > 0 else {
      let exact = random.floats(count * length).map { [type] in Self.rounded($0 * magnitude, type) }
      (floats, data) = (exact, exact.flatMap { [type] in Self.bytes($0, type) })
      return
    }
    let codes = (0..<count * length).map { _ in
      UInt8.random(in: 0...UInt8(levels), using: &random)
    }
    data = (0..<count).flatMap { [bits] row in
      Self.packed(Array(codes[row * length..<(row + 1) * length]), bits)
    }
    floats = []
    for row in 0..<count {
      for column in 0..<length {
        let place = groups.isEmpty ? row : Int(groups[row]) * stride + column
        let (scale, minimum) = (scales[place], minima[place])
        let value = minimum + Float(codes[row * length + column]) * scale
        floats.append(Self.rounded(max(-65504, min(65504, value)), type))
      }
    }
  }

  var description: String { "\(count) × \(length) of \(bits) bits, \(type.rawValue)" }

  /// The same with values rounded to bfloat16.
  var rounded: RowsCase {
    var copy = self
    copy.floats = floats.map(\.roundedToBFloat16)
    return copy
  }

  func withRows<Result>(_ body: (ck_rows) -> Result) -> Result {
    unsafe data.withUnsafeBytes { data in
      unsafe scales.withUnsafeBufferPointer { scales in
        unsafe minima.withUnsafeBufferPointer { minima in
          unsafe groups.withUnsafeBufferPointer { groups in
            unsafe body(
              ck_rows(
                data: data.baseAddress, type: type, bits: bits, scales: scales.baseAddress,
                minima: minima.baseAddress, groups: groups.isEmpty ? nil : groups.baseAddress))
          }
        }
      }
    }
  }

  private static func rounded(_ x: Float, _ type: ck_type) -> Float {
    switch type {
    case CK_F16: Float(Float16(x))
    case CK_BF16: x.roundedToBFloat16
    default: x
    }
  }

  private static func bytes(_ x: Float, _ type: ck_type) -> [UInt8] {
    let bits =
      type == CK_F16 ? UInt32(Float16(x).bitPattern) : x.bitPattern >> (type == CK_BF16 ? 16 : 0)
    return (0..<(type == CK_F32 ? 4 : 2)).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  }

  /// Rows are filled up to whole vectors; of each 32 codes of 4 bits the first 16 are the low
  /// halves.
  private static func packed(_ codes: [UInt8], _ bits: UInt32) -> [UInt8] {
    let unit = bits == 8 ? 16 : 32
    let padded = codes + [UInt8](repeating: 0, count: (unit - codes.count % unit) % unit)
    guard bits == 4 else { return padded }
    return stride(from: 0, to: padded.count, by: 32).flatMap { block in
      (block..<block + 16).map { padded[$0] | padded[$0 + 16] << 4 }
    }
  }
}
