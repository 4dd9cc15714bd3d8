import ByteIO
import CacheFormat

/// Runs a reader over the conformance fixtures and says what it got right.
public struct ConformanceRun: Sendable {
  /// One thing that a reader must do with one file, or with a chain of files.
  public struct Check: Sendable {
    /// What the check is about: "snapshot, ×N", "invalid: TIER", "chain, no parent".
    public let group: String
    /// The fixture, below the folder.
    public let file: String
    /// What went wrong, or nil if the reader did what the format says.
    public let problem: String?
    /// For a file that must be refused: whether the message names the section that breaks the rule.
    public let isNamed: Bool?
  }

  private struct Task: Sendable {
    let group: String
    let file: String
    let sha256: String
    let zeros: ConformanceManifest.Zeros?
    let parents: [ConformanceManifest.Parent]
    let expectation: Expectation
  }

  private enum Expectation: Sendable {
    case tensors(compression: Int?, [String: String])
    case notStored(compression: Int)
    case refusal(compression: Int?, exitCode: Int, section: String, rule: String)
  }

  private let folder: String
  private let reader: ReaderCommand
  private let tasks: [Task]

  /// How many checks there are.
  public var count: Int { tasks.count }

  /// Prepares to check a reader.
  ///
  /// - Parameters:
  ///   - folder: The fixtures, with their `manifest.json`.
  ///   - reader: The program and its first arguments; never empty.
  /// - Throws: `MalformedFile` or `SystemError` if the manifest cannot be read.
  public init(folder: String, reader: [String]) throws {
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
            parents: file.parents ?? [], expectation: expectation)
        }
        return file.reads.map { read in
          task(
            read.compression == nil ? "" : ", ×N",
            .tensors(compression: read.compression, read.tensors))
        }
          + (file.notStored ?? []).map { ratio in
            task(", ×N not stored", .notStored(compression: ratio))
          }
      }
      + manifest.invalid.map { file in
        let exitCode = file.exitCode ?? 65
        return Task(
          group: Self.refusals(exitCode, file.section), file: file.file, sha256: file.sha256,
          zeros: file.insertZeros, parents: file.parents ?? [],
          expectation: .refusal(
            compression: file.compression, exitCode: exitCode, section: file.section,
            rule: file.rule))
      }
  }

  /// Checks everything, two files at a time, and reports in the order of the manifest.
  ///
  /// - Parameter progress: Called after each check with how many are done.
  /// - Throws: `SystemError` if a fixture cannot be read or a copy of it not be written.
  public func run(progress: @Sendable (Int) -> Void) async throws -> [Check] {
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

  /// What is read: a chain if there are parents, otherwise the kind of file by its ending.
  private static func kind(_ fixture: ConformanceManifest.Valid) -> String {
    guard fixture.parents == nil else { return "chain" }
    return fixture.file.hasSuffix(".kvsnap")
      ? "snapshot" : fixture.file.hasSuffix(".qfilt") ? "filter bank" : "statistics"
  }

  /// The files that are refused with one exit code, those of 65 by section.
  private static func refusals(_ exitCode: Int, _ section: String) -> String {
    switch exitCode {
    case 66: "chain, no parent"
    case 78: "chain, other model"
    default: "invalid: \(section)"
    }
  }

  private func check(_ task: Task) async throws -> Check {
    let path = "\(folder)/\(task.file)"
    let content = try content(task.file)
    let isSound = try task.parents.allSatisfy {
      Digest(of: try self.content($0.file)).description == $0.sha256
    }
    guard isSound, Digest(of: content).description == task.sha256 else {
      return result(task, "the fixture itself is damaged; fetch it again")
    }
    guard let zeros = task.zeros else { return await check(task, path: path) }
    let copy = try SparseCopy(of: content, zeros: zeros, path: path)
    defer { copy.remove() }
    return await check(task, path: copy.path)
  }

  private func content(_ file: String) throws -> [UInt8] {
    let bytes = try RandomAccessFile(path: "\(folder)/\(file)")
    return try bytes.read(at: 0, count: Int(clamping: bytes.size), section: "fixture")
  }

  private func check(_ task: Task, path: String) async -> Check {
    switch task.expectation {
    case .tensors(let compression, let tensors):
      let what = compression.map { "×\($0)" } ?? "all that is stored"
      switch await reader.read(path, compression: compression) {
      case .tensors(tensors): return result(task, nil)
      case .tensors: return result(task, "\(what): other tensors than the file holds")
      case .refused(_, let message): return result(task, "\(what): refused: \(message)")
      case .notStored: return result(task, "\(what): not found in a file that holds it")
      case .failed(let status): return result(task, "\(what): \(status)")
      }
    case .notStored(let compression):
      guard case .notStored = await reader.read(path, compression: compression) else {
        return result(task, "×\(compression), which the file does not hold: no exit code 64")
      }
      return result(task, nil)
    case .refusal(let compression, let exitCode, let section, let rule):
      switch await reader.read(path, compression: compression) {
      case .refused(exitCode, let message):
        // The name of the file often says which section is broken: it proves nothing.
        let words = message.replacing(path, with: "").replacing(task.file, with: "")
        return result(task, nil, isNamed: words.contains(section))
      case .tensors, .notStored: return result(task, "accepted, though it breaks a rule: \(rule)")
      case .refused(let other, _):
        return result(
          task, "refused with exit code \(other) instead of \(exitCode); it breaks a rule: \(rule)")
      case .failed(let status):
        return result(
          task, "not refused with exit code \(exitCode) but \(status); it breaks a rule: \(rule)")
      }
    }
  }

  private func result(_ task: Task, _ problem: String?, isNamed: Bool? = nil) -> Check {
    Check(group: task.group, file: task.file, problem: problem, isNamed: isNamed)
  }
}
