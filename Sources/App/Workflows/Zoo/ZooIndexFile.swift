import ByteIO
import CacheFormat
import FoundationEssentials
import QFilters
import Synchronization

/// The files of a zoo's index, which runs on one folder share.
///
/// The index says what is there, not what a run did: the banks of all models, as they are on disk,
/// and the problems of the models that failed last time. So it has the same bytes whatever parts
/// the models were computed in, and in which order.
final class ZooIndexFile: Sendable {
  /// What one run knows.
  private struct State {
    /// The models that this run was done with, and what was wrong with them.
    var problems: [String: String?] = [:]
    /// The banks that were read, with the files' stamps.
    var banks: [String: (stamp: FileStamp, bank: ZooIndex.Bank?)] = [:]
  }

  private let folder: String
  private let models: [ModelFinder.Found]
  /// The beginnings of paths that depend on where a machine has the folder.
  private let roots: [String]
  private let state = Mutex(State())

  /// Makes the folder of the index, unless it is there.
  ///
  /// - Parameter models: All models of the zoo, in order of paths.
  /// - Throws: `SystemError` if nothing can be written there; `ReplacementRefusal` if the index
  ///   would replace a link or another kind of file.
  init(_ request: Zoo.Request, models: [ModelFinder.Found]) throws {
    (folder, self.models) = (request.target, models)
    roots = [request.target, request.folder].map { Folder.path($0, "") }
    try Folder.create(folder)
    for path in paths {
      if request.replacesAnything, Folder.isLink(path) { try Folder.removeFile(path) }
      try OutputFile.checkIsNoLink(path)
      try AtomicFile.checkWritable(path)
      if !request.replacesAnything { try OutputFile.check(path, as: .index) }
    }
  }

  private var paths: [String] { ZooIndex.fileNames.map { Folder.path(folder, $0) } }

  /// Brings the index up to date with the banks and with this run's results.
  ///
  /// - Throws: `SystemError`, and what encoding throws.
  func update(with result: Zoo.Result? = nil) throws {
    try state.withLock { state in
      if let result { state.problems[result.model] = .some(problem(of: result)) }
      let lock = try FolderLock(waitingFor: folder)
      defer { withExtendedLifetime(lock) {} }
      // Where the file system has no locks, another run may write at the same time. Whoever writes
      // last sees the other's banks then.
      for _ in 0..<Self.mostTries {
        let index = index(&state)
        let isNew = try [index.json, index.markdown].enumerated().map { number, bytes in
          try write(bytes, to: paths[number])
        }
        guard isNew.contains(true) else { return }
      }
    }
  }

  private static let mostTries = 3

  /// Writes a file unless it has these bytes.
  ///
  /// - Returns: Whether it was written.
  private func write(_ bytes: [UInt8], to path: String) throws -> Bool {
    guard Self.bytes(of: path) != bytes else { return false }
    try OutputFile.checkIsNoLink(path)
    try AtomicFile.write(bytes, to: path)
    return true
  }

  private static let mostBytes: UInt64 = 1 << 28

  private static func bytes(of path: String) -> [UInt8]? {
    guard Folder.isFile(path), let file = try? RandomAccessFile(path: path), file.size <= mostBytes
    else { return nil }
    return try? file.read(at: 0, count: Int(file.size), section: "index")
  }

  /// The index that there is; empty if there is none, or none that can be read.
  private var written: ZooIndex {
    let index = Self.bytes(of: paths[0]).flatMap {
      try? JSONDecoder().decode(ZooIndex.self, from: Data($0))
    }
    return index ?? ZooIndex(models: [])
  }

  private func index(_ state: inout State) -> ZooIndex {
    let known = Dictionary(written.models.map { ($0.model, $0) }) { first, _ in first }
    var entries: [ZooIndex.Entry] = []
    for model in models {
      let bank = bank(model.bank, &state)
      let old = known[model.path]
      // What went wrong is over once there is another bank.
      let problem: String? =
        state.problems[model.path]
        ?? (old?.bank?.filters == bank?.filters ? old?.problem : nil)
      guard bank != nil || problem != nil else { continue }
      entries.append(ZooIndex.Entry(model: model.path, bank: bank, problem: problem))
    }
    return ZooIndex(models: entries)
  }

  private func bank(_ name: String, _ state: inout State) -> ZooIndex.Bank? {
    let path = Folder.path(folder, name)
    guard let stamp = FileStamp(path: path) else { return nil }
    if let known = state.banks[name], known.stamp == stamp { return known.bank }
    let bank = (try? FilterBank(path: path)).flatMap { ZooIndex.Bank(path: name, $0) }
    state.banks[name] = (stamp, bank)
    return bank
  }

  /// Why a model has no new bank, in words that are the same wherever the folder is mounted.
  private func problem(of result: Zoo.Result) -> String? {
    guard result.outcome == .failed else { return nil }
    let text = result.error.map { "\($0)" } ?? "failed"
    return roots.reduce(text) { text, root in
      let rest = text.hasPrefix(root) ? String(text.dropFirst(root.count)) : text
      return rest.replacing(" " + root, with: " ")
    }
  }
}
