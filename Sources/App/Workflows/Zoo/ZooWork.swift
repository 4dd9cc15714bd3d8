package import ByteIO
import CacheFormat
import QFilters
import Synchronization

/// The work on one model of a zoo.
struct ZooWork: Sendable {
  private let request: Zoo.Request
  /// The first model, in order of paths, of each bank.
  private let owners: [String: String]

  /// - Parameter models: All models of the zoo.
  init(_ request: Zoo.Request, models: [ModelFinder.Found]) {
    self.request = request
    owners = Dictionary(models.map { ($0.bank, $0.path) }) { first, _ in first }
  }

  /// Computes a model's bank, unless it is there or this is a dry run.
  func result(of model: ModelFinder.Found, progress: Progress) -> Zoo.Result {
    do { return try attempt(model, progress) } catch {
      return Zoo.Result(model: model.path, bank: model.bank, outcome: .failed, error: error)
    }
  }

  private func attempt(_ model: ModelFinder.Found, _ progress: Progress) throws -> Zoo.Result {
    func result(_ outcome: Zoo.Outcome, _ reason: String?, _ bank: FilterBank?) -> Zoo.Result {
      Zoo.Result(
        model: model.path, bank: model.bank, outcome: outcome, reason: reason,
        quality: bank?.quality)
    }
    progress("load", 0, 1)
    let path = Folder.path(request.target, model.bank)
    if let owner = owners[model.bank], owner != model.path {
      throw BankTaken(path: path, owner: owner)
    }
    try checkFolders(of: model.bank)
    if !request.replacesAnything { try OutputFile.check(path, as: .filterBank) }
    let loaded = try LoadedModel(
      path: model.path.isEmpty ? request.folder : Folder.path(request.folder, model.path),
      remembersIdentity: request.remembersIdentity)
    try Precompute.check(request.recipe, loaded)
    let set = try CorpusSequences(request.corpus, recipe: request.recipe, model: loaded).set()
    switch ExistingBank(path, loaded, set, learnsBudgets: request.recipe.learnsBudgets) {
    case .upToDate(let found): return result(.upToDate, nil, found)
    case .outdated(let reason):
      // An interrupted run's work is replaced with the bank.
      let outputs = [path, path + Calibration.partialEnding]
      if !request.replacesAnything {
        for output in outputs { try OutputFile.checkIsNoLink(output) }
      }
      if request.isDryRun { return result(.wouldBeComputed, reason, nil) }
      for output in outputs where Folder.isLink(output) { try Folder.removeFile(output) }
      try createFolders(of: model.bank)
      _ = try Precompute.run(
        loaded, corpus: request.corpus, recipe: request.recipe, out: path, progress: progress)
      return result(.computed, reason, try FilterBank(path: path))
    }
  }

  /// The folders that lead to a bank, each with its path below the target.
  private func folders(of bank: String) -> [String] {
    let parts = bank.split(separator: "/")
    return parts.indices.dropFirst().map {
      Folder.path(request.target, parts[..<$0].joined(separator: "/"))
    }
  }

  /// Rejects a bank that a link would lead elsewhere.
  private func checkFolders(of bank: String) throws(LinkedFolder) {
    guard let link = folders(of: bank).first(where: Folder.isLink) else { return }
    throw LinkedFolder(path: link)
  }

  private func createFolders(of bank: String) throws(SystemError) {
    for folder in folders(of: bank) { try Folder.create(folder) }
  }
}

/// The filter bank that a model has.
private enum ExistingBank {
  case upToDate(FilterBank)
  /// There is none that could be left as it is; the text says why.
  case outdated(String)

  /// Compares the file at `path` with what would be computed. The weights are read only if the rest
  /// is equal.
  init(_ path: String, _ model: LoadedModel, _ set: SequenceSet, learnsBudgets: Bool) {
    guard Folder.hasFile(path) else {
      self = .outdated("it has no filter bank yet")
      return
    }
    guard let bank = try? FilterBank(path: path) else {
      self = .outdated("its filter bank cannot be read")
      return
    }
    if bank.quality == nil {
      self = .outdated("its filter bank was imported")
    } else if bank.sequences?.hasRecipe(of: set) != true {
      self = .outdated("its filter bank is of another corpus or recipe")
    } else if bank.sequences?.missing.isEmpty != true {
      self = .outdated("its filter bank lacks sequences")
    } else if learnsBudgets, bank.linear == nil {
      self = .outdated("its filter bank has no budgets by head")
    } else if bank.identity != model.identity {
      self = .outdated("its filter bank is of other weights")
    } else {
      self = .upToDate(bank)
    }
  }
}

/// The results of jobs that run at the same time.
final class ZooResults: Sendable {
  private struct State {
    var results: [Zoo.Result] = []
    var failure: (any Error)?
  }

  private let state = Mutex(State())

  /// Adds a result, and brings the index up to date.
  func add(_ result: Zoo.Result, to index: ZooIndexFile?) {
    do { try index?.update(with: result) } catch {
      state.withLock { $0.failure = $0.failure ?? error }
    }
    state.withLock { $0.results.append(result) }
  }

  /// All results in order of the models' paths.
  ///
  /// - Throws: Why the index could not be written.
  func sorted() throws -> [Zoo.Result] {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      return state.results.sorted { ModelFinder.precedes($0.model, $1.model) }
    }
  }
}

/// Two models of one name would have one filter bank.
package struct BankTaken: CategorisedError, Sendable {
  let path, owner: String
  /// Another name helps.
  package var category: FailureCategory { .usage }

  /// One sentence that names both.
  package var description: String {
    "its filter bank would be \(path), which is that of \(owner); rename one of the models"
  }
}

/// A folder that a file would be written into is a symbolic link.
package struct LinkedFolder: CategorisedError, Sendable {
  let path: String
  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is not done.
  package var description: String {
    "\(path) is a symbolic link to a folder, through which nothing is written"
  }
}
