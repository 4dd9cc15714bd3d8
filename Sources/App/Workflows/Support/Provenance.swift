import ByteIO
import FoundationEssentials

/// Where a file comes from, as JSON for people.
enum Provenance {
  /// Seconds since 1970 of the years up to 9999. Other values in the environment are ignored.
  private static let years = 0..<253_402_300_800

  private struct Record<Origin: Encodable>: Encodable {
    let tool = "qfilters \(Version.current)"
    let model: String
    let created: String?
    let origin: Origin
    let ranking: [String: String]?
    let attendedTo: [String]?
    let importedFrom: String?
  }

  /// What a new file keeps of the provenance of the file that it is made from.
  struct Past: Decodable {
    /// The model's name.
    let model: String?
    /// How pairs rank, as far as the tables do not say it.
    let ranking: [String: String]?
    /// What the turns after the first context attended to.
    let attendedTo: [String]?

    /// Empty, unless the text is JSON as this program writes it.
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

  /// The maximum number of selections that are named.
  private static let mostSelections = 20

  /// A JSON object with sorted keys. It has a time only if the environment sets one
  /// (`SOURCE_DATE_EPOCH`), so that equal input gives equal bytes.
  ///
  /// - Parameters:
  ///   - ranking: How pairs rank, as far as the tables do not say it.
  ///   - attendedTo: Which pairs the turns after the first context attended to; each selection is
  ///     named once.
  ///   - importedFrom: The kind of another engine's file that the cache comes from.
  static func json(
    model: String, origin: some Encodable, ranking: [String: String]? = nil,
    attendedTo: [String] = [], importedFrom: String? = nil
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
      attendedTo: selections.isEmpty ? nil : selections, importedFrom: importedFrom)
    return String(decoding: try encoder.encode(record), as: UTF8.self)
  }

  private struct Merged: Encodable {
    let tool = "qfilters \(Version.current)"
    let mergedFrom: [String]
  }

  /// The provenance of a sum: the common one of its parts, or else all of them.
  static func merged(_ parts: Set<String>) throws -> String {
    if parts.count == 1, let part = parts.first { return part }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let sorted = parts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return String(decoding: try encoder.encode(Merged(mergedFrom: sorted)), as: UTF8.self)
  }
}

/// The origin of a file, by its provenance.
package enum FileOrigin {
  /// The name of the model that the file was made with, if the provenance has one.
  package static func model(_ provenance: String) -> String? {
    Provenance.Past(provenance).model.map { String($0.prefix(60)) }
  }
}
