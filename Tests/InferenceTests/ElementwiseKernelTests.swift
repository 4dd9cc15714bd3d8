import CInferenceKernels
import TestSupport
import Testing

@Suite("What happens to each number agrees with plain arithmetic, on every ISA")
struct ElementwiseKernelTests {
  @Test("rounds every kind of float to the nearest binary16, ties to even", arguments: ISA.all)
  func roundsToBinary16(isa: ISA) {
    var random = SeededGenerator(seed: 2)
    var values: [Float] = [
      0, -0.0, 1, -1, 65504, 65519.9, 65520, 1e9, .infinity, -.infinity, 5.9e-8, 2.98e-8,
    ]
    values += (0..<20_000).map { _ in
      let bits = UInt32.random(in: 0...UInt32.max, using: &random)
      let exponent = UInt32.random(in: 95...145, using: &random)
      return Float(bitPattern: bits & 0x807F_FFFF | exponent << 23)
    }
    // Exactly between two neighbours.
    values += (0..<2_000).map { _ in
      let half = Float16(bitPattern: UInt16.random(in: 0..<0x7BFF, using: &random))
      return (Float(half) + Float(half.nextUp)) / 2
    }
    var halves = [UInt16](repeating: 0, count: values.count)
    unsafe isa.kernels.f16_from_float(values, &halves, values.count)
    let expected = values.map { Float16($0).bitPattern }
    for index in values.indices where halves[index] != expected[index] {
      Issue.record("\(values[index]) gives \(halves[index]), not \(expected[index])")
    }
    var floats = [Float](repeating: 0, count: values.count)
    unsafe isa.kernels.dequantise(CK_F16, halves, &floats, values.count)
    #expect(floats == halves.map { Float(Float16(bitPattern: $0)) })
  }

  @Test("finds one number among many that is too great, infinite or NaN", arguments: ISA.all)
  func range(isa: ISA) {
    for count in [1, 15, 16, 17, 40, 576] {
      let numbers = (0..<count).map { $0 % 2 == 0 ? Float(65_504) : -65_504 }
      #expect(unsafe isa.kernels.is_within(numbers, count, 65_504) != 0)
      for place in Set([0, count / 2, count - 1]) {
        for odd in [65_505, -65_505, .infinity, -.infinity, .nan, -.nan] as [Float] {
          var changed = numbers
          changed[place] = odd
          #expect(unsafe isa.kernels.is_within(changed, count, 65_504) == 0, "\(odd) at \(place)")
        }
      }
    }
  }

  @Test("normalises, gates, adds and rotates", arguments: ISA.all)
  func elementwise(isa: ISA) {
    var random = SeededGenerator(seed: 3)
    for count in [1, 7, 16, 64, 100, 576] {
      let (x, y) = (random.floats(count).map { $0 * 20 }, random.floats(count))
      var result = [Float](repeating: 0, count: count)
      unsafe isa.kernels.rms_norm(x, y, &result, count, 1e-5)
      let mean = x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(count)
      for i in 0..<count {
        expectClose(result[i], Double(x[i]) / (mean + 1e-5).squareRoot() * Double(y[i]))
      }
      var gate = x
      unsafe isa.kernels.swiglu(&gate, y, count)
      for i in 0..<count {
        expectClose(
          gate[i], Double(x[i]) / (1 + exponential(-Double(x[i]))) * Double(y[i]), scale: 20)
      }
      gate = x
      unsafe isa.kernels.geglu(&gate, y, count)
      for i in 0..<count { expectClose(gate[i], gelu(x[i]) * Double(y[i]), scale: 20) }
      let wide = x.map { $0 * 100 } + [0, 1e-3, 3e4, -3e4]
      var capped = wide
      unsafe isa.kernels.soft_cap(&capped, capped.count, 30)
      for i in 0..<wide.count {
        expectClose(capped[i], 30 * hyperbolicTangent(Double(wide[i]) / 30), scale: 30)
      }
      var damaged: [Float] = [.nan, .infinity, 1]
      unsafe isa.kernels.soft_cap(&damaged, 3, 30)
      #expect(damaged.map(\.isFinite) == [false, false, true])
      var sum = x
      unsafe isa.kernels.add(&sum, y, count)
      #expect(sum == zip(x, y).map(+))
    }
    for half in [1, 8, 24, 32] {
      let (x, c, s) = (random.floats(2 * half), random.floats(half), random.floats(half))
      var rotated = x
      unsafe isa.kernels.rope(&rotated, c, s, half)
      for i in 0..<half {
        let (a, b, cos, sin) = (Double(x[i]), Double(x[i + half]), Double(c[i]), Double(s[i]))
        expectClose(rotated[i], a * cos - b * sin)
        expectClose(rotated[i + half], b * cos + a * sin)
      }
    }
  }
}
