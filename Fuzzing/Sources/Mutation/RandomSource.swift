import ByteIO

/// Random numbers that follow from libFuzzer's seed.
struct RandomSource: RandomNumberGenerator {
  private var generator: SplitMix64

  init(seed: UInt32) { generator = SplitMix64(seed: UInt64(seed)) }

  mutating func next() -> UInt64 { generator.next() }

  /// A number below `bound`, or 0 if that is 0.
  mutating func below(_ bound: Int) -> Int {
    bound > 0 ? Int.random(in: 0..<bound, using: &self) : 0
  }

  /// True once in `n` times.
  mutating func oneIn(_ n: Int) -> Bool { below(n) == 0 }
}
