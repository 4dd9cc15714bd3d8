import CKernels
import TestSupport
import Testing

@Suite("Byte planes")
struct BytePlaneTests {
  @Test("split and merge agree with plain loops for random sizes", arguments: [2, 4])
  func planes(width: Int) {
    for seed in UInt64(1)...100 {
      var random = SeededGenerator(seed: seed)
      let count = Int.random(in: 0...500, using: &random)
      let elements = random.bytes(count * width)
      var planes = [UInt8](repeating: 0, count: count * width)
      unsafe ck_split_planes(elements, count, width, &planes)
      let expected = (0..<width).flatMap { plane in (0..<count).map { elements[$0 * width + plane] }
      }
      #expect(planes == expected, "seed \(seed)")
    }
  }
}
