import Inference
import Testing

@Suite("Sampling")
struct SamplerTests {
  private let logits: [Float] = [1, 3, 3, 2, -5]

  @Test("without a temperature the likeliest token is taken, the lowest id of equals")
  func greedy() {
    var sampler = Sampler(.init())
    #expect(sampler.next(logits) == 1)
  }

  @Test("equal seeds give equal choices, others differ")
  func seeds() {
    func draw(_ seed: UInt64) -> [Int] {
      var sampler = Sampler(.init(temperature: 1, seed: seed))
      return (0..<50).map { _ in sampler.next(logits) }
    }
    #expect(draw(7) == draw(7))
    #expect(draw(7) != draw(8))
  }

  @Test("frequencies follow softmax(logits / temperature)")
  func frequencies() {
    var sampler = Sampler(.init(temperature: 2, seed: 1))
    var counts = [Double](repeating: 0, count: logits.count)
    let draws = 40_000
    for _ in 0..<draws { counts[sampler.next(logits)] += 1 }
    let weights = logits.map { exponential(Double($0) / 2) }
    let total = weights.reduce(0, +)
    for id in logits.indices {
      #expect(abs(counts[id] / Double(draws) - weights[id] / total) < 0.01)
    }
  }

  @Test("min-p leaves out what is less likely than a share of the likeliest")
  func minP() {
    // e⁻¹ of the likeliest is 0.37, e⁻² is 0.14.
    var sampler = Sampler(.init(temperature: 1, minP: 0.3, seed: 3))
    let drawn = Set((0..<500).map { _ in sampler.next(logits) })
    #expect(drawn == [1, 2, 3])
  }

  @Test("a repetition penalty makes the answer's tokens less likely, whatever their sign")
  func repetitionPenalty() {
    var sampler = Sampler(.init(repetitionPenalty: 2))
    #expect(sampler.next(logits) == 1)
    sampler.take(1)
    #expect(sampler.next(logits) == 2)
    sampler.take(2)
    #expect(sampler.next(logits) == 3)
    var negative = Sampler(.init(repetitionPenalty: 2))
    negative.take(1)
    #expect(negative.next([-3, -2, -3.5]) == 0)
  }

  @Test("a presence penalty is subtracted once from the logits of the answer's tokens")
  func presencePenalty() {
    var options = Sampler.Options()
    options.presencePenalty = 0.75
    var sampler = Sampler(options)
    for _ in 0..<5 { sampler.take(1) }
    sampler.take(2)
    // 2.25, 2.25 and 2 are left.
    #expect(sampler.next(logits) == 1)
    sampler.take(3)
    options.presencePenalty = 1.5
    var greater = Sampler(options)
    for id in [1, 2] { greater.take(id) }
    #expect(greater.next(logits) == 3)
  }

  @Test("a frequency penalty is subtracted for each time that the answer has a token")
  func frequencyPenalty() {
    var options = Sampler.Options()
    options.frequencyPenalty = 0.4
    var sampler = Sampler(options)
    #expect(!options.isGreedy)
    let taken = (0..<6).map { _ in
      let id = sampler.next(logits)
      sampler.take(id)
      return id
    }
    // 3 and 3 fall in turn to 2.6, 2.2 and 1.8; then 2 is the greatest.
    #expect(taken == [1, 2, 1, 2, 1, 2])
    #expect(sampler.next(logits) == 3)
  }

  @Test("a negative penalty makes the answer's tokens likelier")
  func negativePenalty() {
    var options = Sampler.Options()
    options.presencePenalty = -2
    var sampler = Sampler(options)
    sampler.take(3)
    #expect(sampler.next(logits) == 3)
  }

  @Test("top-k and top-p leave the tail out")
  func truncation() {
    var topK = Sampler(.init(temperature: 5, topK: 2, seed: 1))
    var topP = Sampler(.init(temperature: 1, topP: 0.7, seed: 1))
    for _ in 0..<200 {
      #expect([1, 2].contains(topK.next(logits)))
      #expect([1, 2].contains(topP.next(logits)))
    }
  }
}
