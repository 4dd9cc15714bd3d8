package import ByteIO
package import QFilters

/// Filter banks for all models below a folder.
package enum Zoo {
  /// What to compute, and where.
  package struct Request: Sendable {
    /// Where the models are.
    let folder: String
    /// The folder for banks and index; nil puts the banks next to the models and the index into
    /// `folder`.
    let out: String?
    let corpus: Corpus
    let recipe: Precompute.Recipe
    /// Patterns of models that are left out.
    package var excluded: [String] = []
    /// Which of the other models to take: I, I + N, I + 2 N, …, in order of their paths.
    package var shard = Precompute.Shard.whole
    /// How many models are in work, and in memory, at a time.
    package var jobs = 1
    /// As in `LoadedModel`.
    package var remembersIdentity = true
    /// Whether a bank or the index may replace another kind of file, or a link.
    package var replacesAnything = false
    /// Whether nothing is computed or written.
    package var isDryRun = false

    /// All models of `folder`, one at a time.
    package init(folder: String, corpus: Corpus, recipe: Precompute.Recipe, out: String?) {
      (self.folder, self.corpus, self.recipe, self.out) = (folder, corpus, recipe, out)
    }

    /// The folder for banks and index.
    var target: String { out ?? folder }
  }

  /// The result for one model.
  package enum Outcome: String, Sendable, Encodable {
    /// Its filter bank was computed.
    case computed
    /// Its filter bank would be computed, if this were no dry run.
    case wouldBeComputed
    /// Its filter bank existed, of these weights and this recipe.
    case upToDate
    /// Its filter bank could not be computed; the index says why.
    case failed
  }

  /// What became of one model.
  package struct Result: Sendable {
    /// The model's path below the folder.
    package let model: String
    /// The path of its filter bank.
    package let bank: String
    /// What was done about it.
    package let outcome: Outcome
    /// Why its filter bank is to be computed, as in "it has no filter bank yet"; nil if that is not
    /// so.
    package var reason: String?
    /// How well the filters represent the queries; nil without a bank.
    package var quality: FilterQuality?
    /// Why it failed.
    package var error: (any Error)?
  }

  /// Something that a run does not compute.
  package struct Skipped: Sendable, Encodable, Equatable {
    /// Its path below the folder.
    package let path: String
    /// As in "it is of shard 2/4".
    package let reason: String
  }

  /// What a run did.
  package struct Summary: Sendable {
    /// The models that were taken, in order of their paths.
    package let results: [Result]
    /// Models that were left out.
    package let skipped: [Skipped]
    /// What seems to be a model and is none.
    package let passedOver: [Skipped]
    /// Other files that belong to no model.
    package let others: [Skipped]
    /// Patterns that match no model.
    package let unusedPatterns: [String]
  }

  /// The folder holds no model.
  package struct NoModels: CategorisedError, Sendable {
    let folder: String
    /// The first thing that seems to be a model and is none.
    let passedOver: Skipped?
    /// An input is missing.
    package var category: FailureCategory { .noInput }

    /// One sentence that says what was looked for.
    package var description: String {
      "\(folder) holds no model: neither .gguf files nor folders with config.json and "
        + "model.safetensors"
        + (passedOver.map { " (\($0.path.isEmpty ? folder : $0.path): \($0.reason))" } ?? "")
    }
  }

  /// Computes the banks that are missing or out of date, and keeps `index.json` and `index.md`,
  /// which list the banks of all models, whatever part of them a run takes.
  ///
  /// The other models get their banks even if one fails. Runs on one folder may take place at the
  /// same time.
  ///
  /// - Parameter report: Called after each model, one at a time.
  /// - Throws: `SystemError` if a folder cannot be read or the index cannot be written; `NoModels`;
  ///   `ReplacementRefusal` if the index would replace a link or another kind of file.
  package static func run(
    _ request: Request, progress: @escaping @Sendable (String, Int, Int) -> Void,
    report: @escaping @Sendable (Result) -> Void
  ) throws -> Summary {
    let finder = try ModelFinder(root: request.folder)
    guard !finder.found.isEmpty else {
      throw NoModels(folder: request.folder, passedOver: finder.passedOver.first)
    }
    let selection = ZooSelection(
      finder.found, excluding: request.excluded, shard: request.shard)
    let index: ZooIndexFile? =
      try request.isDryRun ? nil : ZooIndexFile(request, models: finder.found)
    let results = try run(
      selection.taken, of: finder.found, request, index: index, progress: progress, report: report)
    return Summary(
      results: results, skipped: selection.skipped, passedOver: finder.passedOver,
      others: finder.others, unusedPatterns: selection.unused)
  }

  private static func run(
    _ taken: [ModelFinder.Found], of all: [ModelFinder.Found], _ request: Request,
    index: ZooIndexFile?, progress: @escaping @Sendable (String, Int, Int) -> Void,
    report: @escaping @Sendable (Result) -> Void
  ) throws -> [Result] {
    let work = ZooWork(request, models: all)
    let shown = ZooProgress(
      taken.map { Folder.name(of: $0.path.isEmpty ? request.folder : $0.path) }, show: progress)
    let results = ZooResults()
    try index?.update()
    ZooJobs.forEach(taken.count, jobs: request.jobs) { number in
      shown.begin(number)
      let result = work.result(of: taken[number]) { shown.show(number, $0, $1, $2) }
      results.add(result, to: index)
      shown.end(number) { report(result) }
    }
    return try results.sorted()
  }
}
