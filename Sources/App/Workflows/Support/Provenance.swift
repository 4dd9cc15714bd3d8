import FoundationEssentials

/// Where a file comes from, as JSON for people.
enum Provenance {
  /// Times with four digits in the year; anything else in the environment is ignored.
  private static let years = 0..<253_402_300_800

  private struct Record<Origin: Encodable>: Encodable {
    let tool = "qfilters \(Version.current)"
    let model: String
    let created: String?
    let origin: Origin
    let ranking: [String: String]?
    let attendedTo: [String]?
  }

  /// What is kept of a file's provenance in one that is made from it.
  struct Past: Decodable {
    /// The model's name.
    let model: String?
    /// How pairs rank, beside what the tables say.
    let ranking: [String: String]?
    /// What turns behind the first context attended to.
    let attendedTo: [String]?

    /// Nothing, unless the text is JSON as this program writes it.
    init(_ text: String) {
      let past = try? JSONDecoder().decode(Self.self, from: Data(text.utf8))
      ranking = past?.ranking.flatMap { Self.isShort($0) ? $0 : nil }
      (model, attendedTo) = (past?.model, past?.attendedTo)
    }

    /// Any program may have written the text.
    private static func isShort(_ rules: [String: String]) -> Bool {
      rules.count <= 4 && rules.allSatisfy { $0.key.count <= 60 && $0.value.count <= 60 }
    }
  }

  /// So many different selections are named.
  private static let mostSelections = 20

  /// A JSON object with sorted keys. A time stands in it only if the environment says which
  /// (`SOURCE_DATE_EPOCH`), so that equal input gives equal bytes.
  ///
  /// - Parameters:
  ///   - ranking: How pairs rank, beside what the tables say.
  ///   - attendedTo: Which pairs turns behind the first context went on with; each is named once.
  static func json(
    model: String, origin: some Encodable, ranking: [String: String]? = nil,
    attendedTo: [String] = []
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let epoch = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int.init)
    let created = epoch.flatMap { seconds in
      years.contains(seconds)
        ? Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601) : nil
    }
    var selections: [String] = []
    for selection in attendedTo where !selections.contains(selection) {
      if selections.count < mostSelections { selections.append(String(selection.prefix(60))) }
    }
    let record = Record(
      model: String(model.prefix(200)), created: created, origin: origin, ranking: ranking,
      attendedTo: selections.isEmpty ? nil : selections)
    return String(decoding: try encoder.encode(record), as: UTF8.self)
  }

  private struct Merged: Encodable {
    let tool = "qfilters \(Version.current)"
    let mergedFrom: [String]
  }

  /// The provenance of a sum: that of its parts, if they agree as parts of one recipe do; else all of them.
  static func merged(_ parts: Set<String>) throws -> String {
    if parts.count == 1, let part = parts.first { return part }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let sorted = parts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return String(decoding: try encoder.encode(Merged(mergedFrom: sorted)), as: UTF8.self)
  }
}

/// What a file's provenance says of where it comes from.
public enum FileOrigin {
  /// What the model calls itself that the file was made with, if that is said.
  public static func model(_ provenance: String) -> String? {
    Provenance.Past(provenance).model.map { String($0.prefix(60)) }
  }
}

/// The version of this program.
public enum Version {
  /// As in the change log.
  public static let current = "0.1.0"
}
