import ByteIO
import CacheFormat
import QFilters
import Tokenization

/// A corpus as consecutive sequences of token ids.
struct CorpusSequences {
  private let corpus: Corpus
  private let recipe: Precompute.Recipe
  private let tokenizer: Tokenizer

  /// Reads nothing yet.
  ///
  /// - Throws: `PromptError.sequenceTooLong` if a sequence does not fit the model's context.
  init(_ corpus: Corpus, recipe: Precompute.Recipe, model: LoadedModel) throws(PromptError) {
    guard recipe.length <= model.contextLength else {
      throw .sequenceTooLong(tokens: recipe.length, context: model.contextLength)
    }
    (self.corpus, self.recipe, tokenizer) = (corpus, recipe, model.tokenizer)
  }

  /// The recipe's sequences. None of them counts as summed.
  ///
  /// - Throws: As `forEach`.
  func set() throws -> SequenceSet {
    SequenceSet(
      corpus: try forEach { _, _ in }, count: recipe.sequences, length: recipe.length)
  }

  /// Reads as much of the corpus as the recipe needs. A begin-of-text token, where the model adds
  /// one, is the first token of each sequence and counts.
  ///
  /// - Returns: SHA-256 of all sequences' ids as `u32`.
  /// - Throws: `PromptError.tooShort` if the text does not fill the sequences; as
  ///   `Corpus.forEachPiece`.
  func forEach(_ body: (_ index: Int, _ tokens: [Int]) throws -> Void) throws -> Digest {
    var digest = SHA256()
    let (found, tokens) = try cut { index, tokens in
      var ids = ByteWriter()
      for token in tokens { ids.write(UInt32(token)) }
      digest.update(ids.bytes)
      try body(index, tokens)
    }
    guard found == recipe.sequences else {
      let (needed, overflow) = recipe.sequences.multipliedReportingOverflow(by: step)
      throw PromptError.tooShort(tokens: tokens, needed: overflow ? .max : needed)
    }
    return Digest(digest.finish())
  }

  /// The recipe's sequences, or as many as the corpus has, and how many tokens were read.
  ///
  /// - Throws: As `Corpus.forEachPiece`.
  func available() throws -> (sequences: [[Int]], tokens: Int) {
    var sequences: [[Int]] = []
    let tokens = try cut { sequences.append($1) }.tokens
    return (sequences, tokens)
  }

  private var begin: [Int] {
    tokenizer.addsBeginOfText ? tokenizer.beginOfText.map { [$0] } ?? [] : []
  }

  /// Tokens of a sequence that come from the corpus.
  private var step: Int { recipe.length - begin.count }

  /// - Returns: How many sequences there were, and how many tokens were read of the corpus.
  private func cut(
    _ body: (_ index: Int, _ tokens: [Int]) throws -> Void
  ) throws -> (found: Int, tokens: Int) {
    let (begin, step) = (begin, step)
    var (pending, index) = ([Int](), 0)
    try corpus.forEachPiece { piece in
      pending += tokenizer.encode(piece, parsingSpecials: false)
      var start = 0
      while index < recipe.sequences, pending.count - start >= step {
        try body(index, begin + pending[start..<start + step])
        (start, index) = (start + step, index + 1)
      }
      pending.removeFirst(start)
      return index < recipe.sequences
    }
    return (index, index * step + pending.count)
  }
}
