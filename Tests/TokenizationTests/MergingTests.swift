import TestSupport
import Testing
import Tokenization

/// Merging, compared with the definition.
@Suite struct MergingTests {
  private typealias Merge = (left: [UInt8], right: [UInt8])

  @Test func mergesAsTheDefinitionSays() throws {
    for seed in 1...100 as ClosedRange<UInt64> {
      var generator = SeededGenerator(seed: seed)
      let merges = randomMerges(&generator)
      let tokenizer = try Tokenizer(SyntheticVocabulary.make(merges: merges))
      for length in [0, 1, 2, 5, 20, 63, 64, 65, 150] {
        let word = (0..<length).map { _ in letter(&generator) }
        let pieces = tokenizer.encode(word, parsingSpecials: false).map { tokenizer.decode([$0]) }
        #expect(pieces == quadraticMerge(word, merges), "seed \(seed), length \(length)")
      }
    }
  }

  @Test func encodesARepeatedWordAlike() throws {
    let merges = [(left: Array(" ".utf8), right: Array("a".utf8))]
    let tokenizer = try Tokenizer(SyntheticVocabulary.make(merges: merges))
    let ids = tokenizer.encode(" ab ab ab", parsingSpecials: false)
    #expect(ids == Array(repeatElement([260, SyntheticVocabulary.id(0x62)], count: 3).joined()))
  }

  @Test func mergesALongWordWithoutSpaces() throws {
    let merges = [(left: [UInt8(0x61)], right: [UInt8(0x61)])]
    let tokenizer = try Tokenizer(SyntheticVocabulary.make(merges: merges))
    let ids = tokenizer.encode([UInt8](repeating: 0x61, count: 20_001), parsingSpecials: false)
    #expect(ids == [Int](repeating: 260, count: 10_000) + [SyntheticVocabulary.id(0x61)])
  }

  /// Merges in any order: a merge may come before those that make its halves.
  private func randomMerges(_ generator: inout SeededGenerator) -> [Merge] {
    var known = Array("abcd".utf8).map { [$0] }
    var merges: [Merge] = []
    var seen: Set<[[UInt8]]> = []
    for _ in 0..<40 {
      guard let left = known.randomElement(using: &generator),
        let right = known.randomElement(using: &generator), seen.insert([left, right]).inserted
      else { continue }
      merges.append((left, right))
      if !known.contains(left + right) { known.append(left + right) }
    }
    return merges.shuffled(using: &generator)
  }

  private func letter(_ generator: inout SeededGenerator) -> UInt8 {
    UInt8.random(in: 0x61...0x64, using: &generator)
  }

  /// Makes the best possible merge, the leftmost first, until there is none.
  private func quadraticMerge(_ word: [UInt8], _ merges: [Merge]) -> [[UInt8]] {
    var pieces = word.map { [$0] }
    while let best = bestMerge(pieces, merges) {
      pieces.replaceSubrange(best...best + 1, with: [pieces[best] + pieces[best + 1]])
    }
    return pieces
  }

  private func bestMerge(_ pieces: [[UInt8]], _ merges: [Merge]) -> Int? {
    for merge in merges {
      let place = pieces.indices.dropLast().first {
        pieces[$0] == merge.left && pieces[$0 + 1] == merge.right
      }
      if let place { return place }
    }
    return nil
  }
}
