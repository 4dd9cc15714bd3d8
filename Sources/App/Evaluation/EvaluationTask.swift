package import QFilters
package import Workflows

/// One measurement to make.
package protocol EvaluationCase {
  /// As in the cell that it becomes (`ResultCell.subject`).
  var subject: [String] { get }
}

/// An evaluation: cases, each of which becomes a cell of a result file.
///
/// `run` is the loop of all evaluations. A type that conforms says what the cases are and how they
/// are measured.
package protocol EvaluationTask {
  /// One measurement to make.
  associatedtype Case: EvaluationCase
  /// One measurement that was made.
  associatedtype Cell: ResultCell
  /// Cases that share their preparation, such as a prefill.
  associatedtype Batch

  /// The model that is evaluated.
  var model: LoadedModel { get }
  /// The model's filter bank and the file it came from; nil if no method needs one.
  var filters: (bank: FilterBank, path: String)? { get }
  /// The name of the result file, without its ending.
  var fileName: String { get }
  /// What the progress bar shows.
  var activity: String { get }
  /// What every measurement depends on, by name.
  var settings: [String: String] { get }

  /// All cases in the order in which they are measured.
  ///
  /// - Throws: `PromptError` if the text does not suffice.
  func cases() throws -> [Case]

  /// Batches of the cases that are not measured yet. What can fail without a forward pass fails
  /// here.
  ///
  /// - Throws: `PromptError`.
  func batches(_ missing: [Case]) throws -> [Batch]

  /// How many steps of the progress bar a batch takes.
  func steps(_ batch: Batch) -> Int

  /// Measures the cases of a batch.
  ///
  /// - Parameters:
  ///   - progress: Receives how many of the batch's steps are done.
  ///   - keep: Receives the cells as they are measured.
  func measure(
    _ batch: Batch, progress: (Int) -> Void, keep: ([Cell]) throws -> Void
  ) throws
}

extension EvaluationTask {
  /// Measures what a folder does not have yet.
  ///
  /// - Parameter out: The folder whose result file keeps every cell; nil for memory alone.
  /// - Returns: All cells, those of earlier runs included.
  /// - Throws: `IdentityMismatch` if the filters are another model's; `MalformedFile` if they do
  ///   not fit their own model; `OtherResults` if the file holds results of other settings;
  ///   `PromptError` if the text is too short or too long; `EngineError.notFinite`; `SystemError`;
  ///   `TooManyResults`.
  package func run(out: String?, progress: Progress) throws -> Results<Cell> {
    let cases = try cases()
    let file = try resultFile(in: out)
    var measured = Set(file.results.cells.map(\.subject))
    let batches = try batches(cases.filter { measured.insert($0.subject).inserted })
    let total = batches.reduce(0) { $0 + steps($1) }
    return try file.collect {
      var done = 0
      progress(activity, done, total)
      for batch in batches {
        try measure(
          batch, progress: { progress(activity, done + $0, total) }, keep: { try file.append($0) })
        done += steps(batch)
      }
    }
  }

  /// Checks what `run` checks of filters and folder, before other work.
  ///
  /// - Throws: `IdentityMismatch`, `OtherResults`, `MalformedFile`, `SystemError`.
  package func check(out: String) throws { _ = try resultFile(in: out) }

  private func resultFile(in folder: String?) throws -> ResultFile<Cell> {
    if let filters { try filters.bank.check(model, path: filters.path) }
    return try ResultFile(
      folder: folder, name: fileName, origin: ResultOrigin(model, filters?.bank),
      settings: settings)
  }
}

extension [Method] {
  /// Each method at each compression; the whole cache has only ×1.
  func cases(_ compressions: [Int]) -> [(method: Method, compression: Int)] {
    flatMap { method in
      method == .full ? [(method, 1)] : compressions.map { (method, $0) }
    }
  }
}
