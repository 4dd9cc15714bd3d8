public import ByteIO
import CacheCodec
import CacheFormat
import FoundationEssentials
import QFilters

/// Whether all of a file is sound.
public enum Verify {
  /// Any JSON object.
  private struct Object: Decodable {
    private struct Key: CodingKey {
      let stringValue: String
      let intValue: Int? = nil
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Key.self) }
  }

  /// Checks every byte of a snapshot or filter bank, and everything that a command would rely on.
  ///
  /// - Throws: `MalformedFile` that names the section, `SystemError`.
  public static func run(path: String) throws {
    let provenance: String
    switch try Verification.verify(path: path) {
    case .snapshot: provenance = try SnapshotReader(path: path).metadata.provenance
    case .filterBank: provenance = try FilterBank(path: path).provenance
    case .statistics: throw statisticsUnknown(path)
    }
    guard (try? JSONDecoder().decode(Object.self, from: Data(provenance.utf8))) != nil else {
      throw MalformedFile(path: path, section: "prov", problem: "it is no JSON object")
    }
  }

  /// The refusal of calibration statistics, whose sections are of a later version.
  public static func statisticsUnknown(_ path: String) -> MalformedFile {
    MalformedFile(
      path: path, section: "header", offset: 8,
      problem: "calibration statistics are not supported by this version")
  }
}
