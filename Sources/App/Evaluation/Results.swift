package import ByteIO
import FoundationEssentials
import QFilters
import Workflows

/// One measurement of an evaluation.
package protocol ResultCell: Codable, Sendable {
  /// What was measured. No two cells of a file have the same subject.
  var subject: [String] { get }

  /// Why measurements that were read from a file cannot be used; nil if they can.
  static func problem(_ cells: [Self]) -> String?
}

/// Measurements, and what they were made with.
package struct Results<Cell: ResultCell>: Codable, Sendable {
  /// The model, the filters and the machine.
  package private(set) var origin: ResultOrigin
  /// What every measurement depends on, by name.
  package let settings: [String: String]
  /// When the first run began, in UTC.
  package let started: String
  /// How long all runs took together.
  package internal(set) var seconds = 0.0
  /// The measurements, in the order in which they were made.
  package internal(set) var cells: [Cell] = []

  init(_ origin: ResultOrigin, _ settings: [String: String]) {
    (self.origin, self.settings) = (origin, settings)
    started = Date().formatted(.iso8601)
  }

  /// A result file is held in memory whole.
  private static var maximumBytes: UInt64 { 1 << 28 }

  /// Reads results; nil if there is no file.
  ///
  /// - Throws: `SystemError`, `MalformedFile` if the file does not hold such results.
  package init?(ifPresentAt path: String) throws {
    guard Folder.hasFile(path) else { return nil }
    let file = try RandomAccessFile(path: path)
    func malformed(_ problem: String) -> MalformedFile {
      MalformedFile(
        path: path, section: "results",
        problem: problem + "; remove the file, or name another folder")
    }
    guard file.size <= Self.maximumBytes else { throw malformed("\(file.size) bytes are too many") }
    let bytes = try file.read(at: 0, count: Int(file.size), section: "results")
    guard let results = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else {
      throw malformed("these are not the results of such an evaluation")
    }
    guard results.seconds.isFinite, results.seconds >= 0 else {
      throw malformed("the time they took is not a time")
    }
    if let problem = Cell.problem(results.cells) { throw malformed(problem) }
    guard Set(results.cells.map(\.subject)).count == results.cells.count else {
      throw malformed("it holds one measurement twice")
    }
    self = results
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = [UInt8](try encoder.encode(self)) + [10]
    guard bytes.count <= Self.maximumBytes else { throw TooManyResults(path: path) }
    try AtomicFile.write(bytes, to: path)
  }

  /// The measurements of samples that all groups have, in their order.
  func shared<Group: Hashable, Sample: Hashable>(
    by group: (Cell) -> Group, over sample: (Cell) -> Sample
  ) -> [Cell] {
    let samples = Dictionary(grouping: cells, by: group).values.map { Set($0.map(sample)) }
    let common = samples.dropFirst().reduce(samples.first ?? []) { $0.intersection($1) }
    return cells.filter { common.contains(sample($0)) }
  }

  /// Whether a method keeps nothing but sinks and window at ×N, of as many tokens as a setting
  /// says.
  func isProtectedAlone(_ method: String, _ compression: Int, tokensNamed name: String) -> Bool {
    guard let tokens = settings[name].flatMap(Int.init), (1...1 << 24).contains(tokens) else {
      return false
    }
    return RetentionPolicy.isAlone(of: tokens, compression, method, settings)
  }

  /// These results with a further run's machine, and its filter bank if there was none.
  ///
  /// - Throws: `OtherResults` if measurements of the two cannot be in one file.
  func joined(by origin: ResultOrigin, _ settings: [String: String], path: String)
    throws(OtherResults) -> Self
  {
    let names = Set(self.settings.keys).union(settings.keys)
    let changed = names.sorted().filter { self.settings[$0] != settings[$0] }.map { name in
      let (there, here) = Self.shortened(self.settings[name], settings[name])
      return "\(name.prefix(40)): \(there) there, \(here) here"
    }
    let identity = self.origin.identityDifferences(from: origin)
    let other = (identity + self.origin.programDifferences(from: origin)).map { "other \($0)" }
    let differing = other + changed.prefix(8)
    guard differing.isEmpty else {
      throw OtherResults(path: path, differing: differing, isOfOtherModel: !identity.isEmpty)
    }
    var joined = self
    joined.origin = self.origin.joined(by: origin)
    return joined
  }

  /// Two settings, which may be whole questions, from a little before where they differ.
  private static func shortened(_ there: String?, _ here: String?) -> (String, String) {
    let same = zip(there ?? "", here ?? "").prefix { $0 == $1 }.count
    func shortened(_ setting: String?) -> String {
      guard let setting else { return "nothing" }
      guard setting.count > 60 else { return setting }
      let rest = setting.dropFirst(max(0, same - 20))
      return (rest.count < setting.count ? "…" : "") + rest.prefix(40)
        + (rest.count > 40 ? "…" : "")
    }
    return (shortened(there), shortened(here))
  }
}

/// A result file would be too long to be read again.
package struct TooManyResults: CategorisedError, Sendable {
  /// The file, as it was before.
  let path: String

  /// No other category fits.
  package var category: FailureCategory { .other }

  /// One sentence: what is wrong and what to do.
  package var description: String {
    "\(path) has no room for more measurements; name another folder for the rest"
  }
}

/// A folder holds results of another model or of other settings.
package struct OtherResults: CategorisedError, Sendable {
  /// The file that holds them.
  let path: String
  /// What differs.
  let differing: [String]
  /// Whether the model or the filter bank differs.
  package let isOfOtherModel: Bool

  /// Names the file and what differs.
  package init(path: String, differing: [String], isOfOtherModel: Bool) {
    (self.path, self.differing, self.isOfOtherModel) = (path, differing, isOfOtherModel)
  }

  /// By what differs.
  package var category: FailureCategory { isOfOtherModel ? .identity : .other }

  /// One sentence: what differs and what to do.
  package var description: String {
    "\(path) holds results of another run (\(differing.joined(separator: "; "))); "
      + "repeat its options, or name another folder"
  }
}
