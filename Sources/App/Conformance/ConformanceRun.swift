package import ByteIO
import CacheFormat

/// Runs a reader over the conformance fixtures.
package struct ConformanceRun: Sendable {
  /// One thing that a reader must do with one file, or with a chain of files.
  package struct Check: Sendable {
    /// What the check is about: "snapshot, ×N", "invalid: TIER", "chain, no parent".
    package let group: String
    /// The fixture, below the folder.
    package let file: String
    /// What went wrong, or nil if the reader did what the format says.
    package let problem: String?
    /// For a file that must be rejected: whether the message names the broken section.
    package let isNamed: Bool?
    /// With a problem: the reader's standard error.
    package var message = ""
  }

  /// The reader gave none of the documented exit codes for a file of any kind.
  package struct ReaderCannotRun: CategorisedError, Sendable {
    /// No other category fits.
    package var category: FailureCategory { .other }

    /// One sentence, with what the reader itself says.
    package let description: String
  }

  private struct Task: Sendable {
    let group: String
    let file: String
    let sha256: String
    let zeros: ConformanceManifest.Zeros?
    let parents, keys: [ConformanceManifest.Parent]
    let expectation: Expectation
  }

  private enum Expectation: Sendable {
    case tensors(compression: Int?, [String: String])
    case notStored(compression: Int)
    case rejection(compression: Int?, exitCode: Int, section: String, rule: String)
  }

  private let folder: String
  private let reader: ReaderCommand
  private let tasks: [Task]

  /// How many checks there are.
  package var count: Int { tasks.count }

  /// Prepares to check a reader.
  ///
  /// - Parameters:
  ///   - folder: The fixtures, with their lists.
  ///   - reader: The program and its first arguments; never empty.
  /// - Throws: `MalformedFile` or `SystemError` if a list cannot be read.
  package init(folder: String, reader: [String]) throws {
    precondition(!reader.isEmpty, "a reader is a program")
    let manifest = try ConformanceManifest(folder: folder)
    self.folder = folder
    self.reader = ReaderCommand(words: reader)
    tasks =
      manifest.valid.flatMap { file in
        let kind = Self.kind(file)
        func task(_ part: String, _ expectation: Expectation) -> Task {
          Task(
            group: kind + part, file: file.file, sha256: file.sha256, zeros: file.insertZeros,
            parents: file.parents ?? [], keys: file.keys ?? [], expectation: expectation)
        }
        return file.reads.map { read in
          task(
            read.compression == nil ? "" : ", ×N",
            .tensors(compression: read.compression, read.tensors))
        }
          + (file.notStored ?? []).map { compression in
            task(", ×N not stored", .notStored(compression: compression))
          }
      }
      + manifest.invalid.map { file in
        let exitCode = file.exitCode ?? 65
        return Task(
          group: Self.rejections(exitCode, file.section), file: file.file, sha256: file.sha256,
          zeros: file.insertZeros, parents: file.parents ?? [], keys: file.keys ?? [],
          expectation: .rejection(
            compression: file.compression, exitCode: exitCode, section: file.section,
            rule: file.rule))
      }
  }

  /// Checks everything, two files at a time, and reports in the order of the manifest.
  ///
  /// - Parameter progress: Called after each check with how many are done.
  /// - Throws: `ReaderCannotRun`; `SystemError` if a fixture cannot be read or a copy of it not be
  ///   written.
  package func run(progress: @Sendable (Int) -> Void) async throws -> [Check] {
    try await checkReaderRuns()
    var checks = [Check?](repeating: nil, count: tasks.count)
    try await withThrowingTaskGroup(of: (Int, Check).self) { group in
      var (next, done) = (0, 0)
      while done < tasks.count {
        while next < tasks.count, next - done < 2 {
          let index = next
          group.addTask { (index, try await check(tasks[index])) }
          next += 1
        }
        guard let (index, check) = try await group.next() else { break }
        checks[index] = check
        done += 1
        progress(done)
      }
    }
    return checks.compactMap(\.self)
  }

  /// Tries the first file of each kind, of which a reader may know only some.
  private func checkReaderRuns() async throws {
    var kinds: Set<String> = []
    var last: (status: String, message: String)?
    for task in tasks where task.zeros == nil && kinds.insert(task.file.fileKind).inserted {
      let answer = await reader.read(
        "\(folder)/\(task.file)", compression: nil, keys: keys(of: task))
      guard case .failed(let status) = answer.outcome else { return }
      last = (status, answer.message)
    }
    guard let last else { return }
    let message = Self.ending(of: last.message, lines: 1)
    throw ReaderCannotRun(
      description: "the reader \(reader.words.joined(separator: " ")) does not run: \(last.status)"
        + (message.isEmpty ? "" : ": \(message)"))
  }

  /// The last lines of a reader's standard error, which have the reason.
  package static func ending(of message: String, lines: Int) -> String {
    message.split(whereSeparator: \.isNewline).suffix(lines).map { String($0.prefix(300)) }
      .joined(separator: "\n")
  }

  /// The kind of fixture, by the endings of the file and of those that it needs.
  private static func kind(_ fixture: ConformanceManifest.Valid) -> String {
    guard fixture.keys == nil else { return "encrypted" }
    let needed = fixture.parents?.map(\.file.fileKind) ?? []
    guard !needed.contains("kvsnap") else { return "chain" }
    return switch fixture.file.fileKind {
    case "kvsnap": needed.isEmpty ? "snapshot" : "transform-coded"
    case "qfilt": "filter bank"
    case "qtrans": "transform"
    case "qtsum": "sums for a transform"
    default: "statistics"
    }
  }

  /// The group of files that are rejected with one exit code; those of 65 are grouped by section.
  private static func rejections(_ exitCode: Int, _ section: String) -> String {
    switch exitCode {
    case 66: "no parent, transform or codec"
    case 77: "no key"
    case 78: "chain, other model"
    default: "invalid: \(section)"
    }
  }

  private func check(_ task: Task) async throws -> Check {
    let path = "\(folder)/\(task.file)"
    let content = try content(task.file)
    let areParentsWhole = try (task.parents + task.keys).allSatisfy {
      Digest(of: try self.content($0.file)).description == $0.sha256
    }
    guard areParentsWhole, Digest(of: content).description == task.sha256 else {
      return result(task, "the fixture itself is damaged; fetch it again")
    }
    guard let zeros = task.zeros else { return await check(task, path: path) }
    let copy = try SparseCopy(of: content, zeros: zeros, path: path)
    defer { copy.remove() }
    return await check(task, path: copy.path)
  }

  private func keys(of task: Task) -> [String] { task.keys.map { "\(folder)/\($0.file)" } }

  private func content(_ file: String) throws -> [UInt8] {
    let bytes = try RandomAccessFile(path: "\(folder)/\(file)")
    return try bytes.read(at: 0, count: Int(clamping: bytes.size), section: "fixture")
  }

  private func check(_ task: Task, path: String) async -> Check {
    switch task.expectation {
    case .tensors(let compression, let tensors):
      let what = compression.map { "×\($0)" } ?? "all that is stored"
      let answer = await reader.read(path, compression: compression, keys: keys(of: task))
      func wrong(_ problem: String) -> Check { result(task, "\(what): \(problem)", answer) }
      switch answer.outcome {
      case .tensors(tensors): return result(task, nil)
      case .tensors: return wrong("other tensors than the file holds")
      case .rejected(let exitCode): return wrong("rejected with exit code \(exitCode)")
      case .notStored: return wrong("not found in a file that holds it")
      case .failed(let status): return wrong(status)
      }
    case .notStored(let compression):
      let answer = await reader.read(path, compression: compression, keys: keys(of: task))
      guard case .notStored = answer.outcome else {
        return result(
          task, "×\(compression), which the file does not hold: no exit code 64", answer)
      }
      return result(task, nil)
    case .rejection(let compression, let exitCode, let section, let rule):
      let answer = await reader.read(path, compression: compression, keys: keys(of: task))
      func wrong(_ problem: String) -> Check { result(task, "\(problem): \(rule)", answer) }
      switch answer.outcome {
      case .rejected(exitCode):
        // The file's name often says which section is broken, so it proves nothing.
        let words = answer.message.replacing(path, with: "").replacing(task.file, with: "")
        return result(task, nil, isNamed: words.contains(section))
      case .tensors, .notStored: return wrong("accepted, though it breaks a rule")
      case .rejected(let other):
        return wrong("rejected with exit code \(other) instead of \(exitCode); it breaks a rule")
      case .failed(let status):
        return wrong(
          "expected a rejection with exit code \(exitCode), but \(status); it breaks a rule")
      }
    }
  }

  private func result(
    _ task: Task, _ problem: String?, _ answer: ReaderCommand.Answer? = nil, isNamed: Bool? = nil
  ) -> Check {
    Check(
      group: task.group, file: task.file, problem: problem, isNamed: isNamed,
      message: answer?.message ?? "")
  }
}

extension String {
  /// What follows the last dot: the kind of a fixture.
  fileprivate var fileKind: String { split(separator: ".").last.map(String.init) ?? self }
}
