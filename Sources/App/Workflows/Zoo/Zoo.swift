package import ByteIO
import CacheFormat
import QFilters

/// Filter banks for all models below a folder.
package enum Zoo {
  /// The result for one model.
  package enum Outcome: String, Sendable, Encodable {
    /// Its filter bank was computed.
    case computed
    /// Its filter bank existed, of these weights and this recipe.
    case upToDate
    /// There is no filter bank; the index says why.
    case failed
  }

  /// The folder holds no model.
  package struct NoModels: CategorisedError, Sendable {
    let folder: String
    /// An input is missing.
    package var category: FailureCategory { .noInput }

    /// One sentence that says what was looked for.
    package var description: String {
      "\(folder) holds no model: neither .gguf files nor folders with config.json and "
        + "model.safetensors"
    }
  }

  /// Computes the banks that are missing or out of date, model by model, and writes `index.json`
  /// and `index.md`.
  ///
  /// The other models get their banks even if one fails.
  ///
  /// - Parameters:
  ///   - folder: Where the models are.
  ///   - out: The folder for banks and index; nil puts the banks next to the models and the index
  ///     into `folder`.
  ///   - remembersIdentity: As in `LoadedModel`.
  ///   - replacesAnything: Whether a bank or the index may replace another kind of file.
  ///   - report: Called after each model.
  /// - Throws: `SystemError` if a folder cannot be read or the index cannot be written; `NoModels`;
  ///   `ReplacementRefusal` if the index would replace another kind of file.
  package static func run(
    folder: String, corpus: Corpus, recipe: Precompute.Recipe, out: String?,
    remembersIdentity: Bool = true, replacesAnything: Bool = false, progress: Progress,
    report: (ZooIndex.Entry, Outcome, (any Error)?) -> Void
  ) throws -> ZooIndex {
    let found = try ModelFinder(root: folder).found
    guard !found.isEmpty else { throw NoModels(folder: folder) }
    let target = out ?? folder
    try Folder.create(target)
    let index = ["index.json", "index.md"].map { Folder.path(target, $0) }
    if !replacesAnything { for path in index { try OutputFile.check(path, as: .index) } }
    var entries: [ZooIndex.Entry] = []
    for model in found {
      let (entry, outcome, error) = one(
        model, in: folder, corpus: corpus, recipe: recipe, target: target,
        remembersIdentity: remembersIdentity, replacesAnything: replacesAnything, progress: progress
      )
      report(entry, outcome, error)
      entries.append(entry)
    }
    let all = ZooIndex(models: entries)
    try AtomicFile.write(all.json, to: index[0])
    try AtomicFile.write(all.markdown, to: index[1])
    return all
  }

  private static func one(
    _ model: ModelFinder.Found, in folder: String, corpus: Corpus, recipe: Precompute.Recipe,
    target: String, remembersIdentity: Bool, replacesAnything: Bool, progress: Progress
  ) -> (ZooIndex.Entry, Outcome, (any Error)?) {
    do {
      progress("load \(model.path)", 0, 1)
      let path = Folder.path(target, model.bank)
      try createFolders(of: model.bank, in: target)
      if !replacesAnything { try OutputFile.check(path, as: .filterBank) }
      let loaded = try LoadedModel(
        path: model.path.isEmpty ? folder : Folder.path(folder, model.path),
        remembersIdentity: remembersIdentity)
      let set = try CorpusSequences(corpus, recipe: recipe, model: loaded).set()
      if let bank = upToDate(path, loaded.identity, set, learnsBudgets: recipe.learnsBudgets) {
        return (ZooIndex.Entry(model: model, bank), .upToDate, nil)
      }
      _ = try Precompute.run(loaded, corpus: corpus, recipe: recipe, out: path, progress: progress)
      return (ZooIndex.Entry(model: model, try FilterBank(path: path)), .computed, nil)
    } catch {
      let entry = ZooIndex.Entry(model: model.path, bank: nil, problem: "\(error)")
      return (entry, .failed, error)
    }
  }

  /// The bank at `path` if it is what would be computed.
  private static func upToDate(
    _ path: String, _ identity: Identity, _ set: SequenceSet, learnsBudgets: Bool
  ) -> FilterBank? {
    guard let bank = try? FilterBank(path: path), bank.identity == identity, bank.quality != nil,
      let sequences = bank.sequences, sequences.hasRecipe(of: set), sequences.missing.isEmpty,
      bank.linear != nil || !learnsBudgets
    else { return nil }
    return bank
  }

  private static func createFolders(of path: String, in target: String) throws(SystemError) {
    var folder = target
    for name in path.split(separator: "/").dropLast() {
      folder = Folder.path(folder, String(name))
      try Folder.create(folder)
    }
  }
}

extension ZooIndex.Entry {
  fileprivate init(model: ModelFinder.Found, _ bank: FilterBank) {
    self.init(
      model: model.path, bank: ZooIndex.Bank(path: model.bank, bank), problem: nil)
  }
}
