import CCodecKernels
import CISA
import TestSupport
import Testing

@Suite("The kernels of every ISA quantise and restore to the same bits as plain arithmetic")
struct QuantiserKernelTests {
  private static let isas = (0..<UInt32(CK_ISA_COUNT)).filter {
    ck_isa_is_available(ck_isa(rawValue: $0))
  }

  private struct Quantised: Equatable {
    var scales, minima: [UInt16]
    var codes: [UInt8]
    var restored: [Float]
  }

  /// One column by the specification's words (section 5.6, and 7, point 4).
  private static func reference(_ values: [Float], levels: Int) -> Quantised {
    let least = values.reduce(values[0], min)
    let greatest = values.reduce(values[0], max)
    var minimum = Float16(least)
    if Float(minimum) > least { minimum = minimum.nextDown }
    let step = (greatest - Float(minimum)) / Float(levels)
    var scale = Float16(step)
    if Float(scale) < step { scale = scale.nextUp }
    let codes = values.map { value in
      scale == 0
        ? 0
        : UInt8(
          min(((value - Float(minimum)) / Float(scale)).rounded(.toNearestOrEven), Float(levels)))
    }
    return Quantised(
      scales: [(scale + 0).bitPattern], minima: [(minimum + 0).bitPattern], codes: codes,
      restored: codes.map {
        max(-65504, min(65504, Float(minimum) + Float($0) * Float(scale)))
      })
  }

  private static func quantise(
    _ isa: UInt32, _ values: [Float], rows: Int, columns: Int, levels: Int, byRow: Bool
  ) -> Quantised? {
    let kernels = unsafe ck_codec_kernels_of(ck_isa(rawValue: isa)).pointee
    var result = Quantised(
      scales: Array(repeating: 0, count: byRow ? rows : columns),
      minima: Array(repeating: 0, count: byRow ? rows : columns),
      codes: Array(repeating: 0, count: rows * columns),
      restored: Array(repeating: 0, count: rows * columns))
    let quantise = unsafe byRow ? kernels.quantise_rows : kernels.quantise_columns
    let restore = unsafe byRow ? kernels.restore_rows : kernels.restore_columns
    let shape = ck_quantisation(rows: rows, columns: columns, levels: UInt32(levels))
    let isStorable = unsafe quantise?(
      values, shape, &result.scales, &result.minima, &result.codes)
    guard isStorable == 1 else { return nil }
    unsafe restore?(result.codes, shape, result.scales, result.minima, &result.restored)
    return result
  }

  @Test("for random shapes, by row and by column", arguments: isas, [15, 255])
  func random(isa: UInt32, levels: Int) {
    for seed in UInt64(1)...60 {
      var random = SeededGenerator(seed: seed)
      let (rows, columns) = (
        Int.random(in: 1...64, using: &random), Int.random(in: 1...300, using: &random)
      )
      let magnitude: Float = [1e-7, 1e-3, 1, 100, 60_000].randomElement(using: &random) ?? 1
      let offset = Float.random(in: -1...1, using: &random) * min(magnitude * 3, 5_000)
      let values = random.floats(rows * columns).map { $0 * magnitude + offset }
      for byRow in [false, true] {
        let result = Self.quantise(
          isa, values, rows: rows, columns: columns, levels: levels, byRow: byRow)
        for group in 0..<(byRow ? rows : columns) {
          let indices = (0..<(byRow ? columns : rows)).map {
            byRow ? group * columns + $0 : $0 * columns + group
          }
          let expected = Self.reference(indices.map { values[$0] }, levels: levels)
          #expect(result?.scales[group] == expected.scales[0], "seed \(seed)")
          #expect(result?.minima[group] == expected.minima[0], "seed \(seed)")
          #expect(indices.map { result?.codes[$0] } == expected.codes, "seed \(seed)")
          #expect(indices.map { result?.restored[$0] } == expected.restored, "seed \(seed)")
        }
      }
    }
  }

  @Test("keeps numbers that are all alike, and no number leaves binary16", arguments: isas)
  func extremes(isa: UInt32) {
    for values: [Float] in [
      [3.5, 3.5, 3.5], [0, -0.0, 0], [-0.0], [65504, -65504, 0], [-65504, -65504],
      [65504, 1, 65503],
      [1e-8, -1e-8], [5.9e-8, 0],
    ] {
      let result = Self.quantise(
        isa, values, rows: 1, columns: values.count, levels: 255, byRow: true)
      #expect(result == Self.reference(values, levels: 255))
    }
  }

  @Test("rejects what is not finite or too great", arguments: isas)
  func rejections(isa: UInt32) {
    for bad: Float in [.nan, -.nan, .infinity, -.infinity, 65505, -1e9] {
      for place in [0, 7, 33] {
        var values = [Float](repeating: 1, count: 34)
        values[place] = bad
        for byRow in [false, true] {
          #expect(
            Self.quantise(isa, values, rows: 2, columns: 17, levels: 15, byRow: byRow) == nil)
        }
      }
    }
  }
}
