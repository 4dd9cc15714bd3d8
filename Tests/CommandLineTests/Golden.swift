import TestSupport

/// A real model and transformers' outputs for it.
enum GoldenModel: String, CaseIterable {
  case smollm2, gemma3

  var path: String { self == .smollm2 ? Demo.model : Demo.gemma }

  func golden() throws -> Golden { try Fixtures.json("golden/\(rawValue).json") }
}

/// transformers' outputs for a model.
struct Golden: Decodable {
  struct Passage: Decodable {
    let tokens: Int
    let firstIds, lastIds: [Int]
    let meanNegativeLogLikelihood: Double
  }
  struct Prompt: Decodable {
    let text: String
    let ids, idsWithoutSpecials, greedy24: [Int]
  }
  let passage: Passage
  let prompts: [Prompt]

  /// What the model adds before a text.
  var specials: [Int] {
    prompts.first.map { Array($0.ids.dropLast($0.idsWithoutSpecials.count)) } ?? []
  }
}
