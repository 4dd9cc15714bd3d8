import CacheFormat
import Inference
package import QFilters
package import Workflows

/// The needle in a haystack: does an answer still find a sentence in a long text?
///
/// Each text is prefilled once, for all methods and compressions. No text is prefilled before all
/// of them are known to fit the model's context.
package struct Needle: EvaluationTask {
  package let model: LoadedModel
  package let filters: (bank: FilterBank, path: String)?
  private let bank: FilterBank
  private let haystack: [UInt8]
  private let options: Options

  /// Hides what `options` say in a text, and asks for it.
  package init(
    _ model: LoadedModel, filters: (bank: FilterBank, path: String), haystack: [UInt8],
    options: Options
  ) {
    (self.model, self.filters, bank) = (model, filters, filters.bank)
    (self.haystack, self.options) = (haystack, options)
  }

  package var fileName: String { options.task.rawValue }
  package var activity: String { options.task.rawValue }
  package var settings: [String: String] {
    options.settings(haystack: Digest(of: haystack), bank)
  }

  /// One question about one text, answered by one method at one compression.
  package struct Case: EvaluationCase {
    let length: Int
    let depth: Double
    let method: Method
    let compression: Int

    package var subject: [String] {
      Cell.subject(length, depth, compression, method.rawValue)
    }
  }

  /// A text in tokens, and the cases that ask about it.
  package struct Batch {
    let prompt: NeedlePrompt
    let cases: [Case]
  }

  package func cases() -> [Case] {
    options.lengths.flatMap { length in
      (0..<options.depths).flatMap { step in
        let depth = options.depths == 1 ? 0.5 : Double(step) / Double(options.depths - 1)
        return options.methods.cases(options.compressions).map {
          Case(length: length, depth: depth, method: $0.method, compression: $0.compression)
        }
      }
    }
  }

  package func batches(_ missing: [Case]) throws -> [Batch] {
    let hay = NeedleText(haystack, model: model)
    return try missing.chunked { ($0.length, $0.depth) == ($1.length, $1.depth) }.map { cases in
      let (length, depth) = (cases[0].length, cases[0].depth)
      let puzzle = NeedlePuzzle(options, length: length, depth: depth)
      let prompt = try NeedlePrompt(
        hay.text(length: length, hiding: puzzle.hidden), puzzle, room: options.task.answerTokens,
        model: model)
      return Batch(prompt: prompt, cases: cases)
    }
  }

  /// Tokens: the time that is left depends on the long texts.
  package func steps(_ batch: Batch) -> Int { batch.cases[0].length }

  package func measure(
    _ batch: Batch, progress: (Int) -> Void, keep: ([Cell]) throws -> Void
  ) throws {
    let question = try NeedleQuestion(batch.prompt, options: options, model: model, bank: bank)
    for (index, wanted) in batch.cases.enumerated() {
      let answer = try question.answer(wanted.method, compression: wanted.compression)
      try keep([Cell(wanted, answer, batch.prompt)])
      progress(steps(batch) * (index + 1) / batch.cases.count)
    }
  }
}

extension Array {
  /// Runs of neighbours that belong together, none of them empty.
  func chunked(by belongTogether: (Element, Element) -> Bool) -> [[Element]] {
    reduce(into: []) { chunks, element in
      if let last = chunks.last?.last, belongTogether(last, element) {
        chunks[chunks.count - 1].append(element)
      } else {
        chunks.append([element])
      }
    }
  }
}
