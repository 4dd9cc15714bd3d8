/// A real model and transformers' outputs for it.
public enum GoldenModel: String, CaseIterable, Sendable {
  /// SmolLM2-135M-Instruct.
  case smollm2
  /// Gemma 3 270M.
  case gemma3

  /// The model's file.
  public var path: String { self == .smollm2 ? Demo.model : Demo.gemma }

  /// transformers' outputs.
  public func golden() throws -> Golden { try Fixtures.json("golden/\(rawValue).json") }
}

/// transformers' outputs for a model.
public struct Golden: Decodable {
  /// A long passage.
  public struct Passage: Decodable {
    /// How many tokens it has.
    public let tokens: Int
    /// Its first and last token ids.
    public let firstIds, lastIds: [Int]
    /// The mean of −ln p.
    public let meanNegativeLogLikelihood: Double
  }

  /// A prompt and what follows it.
  public struct Prompt: Decodable {
    /// The prompt's text.
    public let text: String
    /// Its token ids, those without special tokens, and 24 greedy ones that follow.
    public let ids, idsWithoutSpecials, greedy24: [Int]
  }

  /// The passage.
  public let passage: Passage
  /// The prompts.
  public let prompts: [Prompt]

  /// What the model adds before a text.
  public var specials: [Int] {
    prompts.first.map { Array($0.ids.dropLast($0.idsWithoutSpecials.count)) } ?? []
  }
}
