/// The four ASCII letters that name a section (spec, section 2.2).
public struct SectionType: Hashable, Sendable, CustomStringConvertible {
  /// The letters as the little-endian integer that the directory holds.
  public let rawValue: UInt32

  /// The identity of the model, and of a snapshot's filter bank.
  public static let identity = SectionType("IDEN")
  /// The key slots of an encrypted snapshot.
  public static let keys = SectionType("KEYS")
  /// The files of a snapshot's model.
  public static let files = SectionType("FILE")
  /// The snapshot that a child continues.
  public static let parent = SectionType("PRNT")
  /// A snapshot's context description.
  public static let context = SectionType("CONT")
  /// The shapes of a snapshot's layers, where they are not all alike.
  public static let shapes = SectionType("SHAP")
  /// The scales of a snapshot's FP8 elements.
  public static let scales = SectionType("SCAL")
  /// A snapshot's token ids.
  public static let tokens = SectionType("TOKN")
  /// A snapshot's ranking and tiers.
  public static let tiers = SectionType("TIER")
  /// A snapshot's chunk table.
  public static let chunks = SectionType("CHNK")
  /// A snapshot's blocks that are coded by a transform.
  public static let blocks = SectionType("BLKS")
  /// A snapshot's chunks and blocks; the one section without a checksum of its own.
  public static let data = SectionType("DATA")
  /// A filter bank's Q-Filters.
  public static let filters = SectionType("FILT")
  /// Calibration statistics.
  public static let statistics = SectionType("STAT")
  /// The sequences that statistics or filters come from.
  public static let sequences = SectionType("seqs")
  /// How well a filter bank's directions represent the queries.
  public static let quality = SectionType("qual")
  /// A filter bank's filters, one for each query head.
  public static let headFilters = SectionType("head")
  /// How layers encode positions, for a linear score and its sums.
  public static let rope = SectionType("rope")
  /// Sums over pairs, from which a linear score is learnt.
  public static let pairSums = SectionType("pair")
  /// A filter bank's linear score.
  public static let linearScore = SectionType("line")
  /// A transform: its groups of heads and their components.
  public static let transform = SectionType("TRAN")
  /// A transform's basis vectors.
  public static let basis = SectionType("BASE")
  /// A transform's tables for the range coder.
  public static let coderTables = SectionType("CODE")
  /// Sums from which a transform is learnt.
  public static let transformSums = SectionType("SUMS")
  /// How errors of each head count, for whoever codes by a transform.
  public static let metric = SectionType("mtrc")
  /// Named texts of other programs.
  public static let meta = SectionType("meta")
  /// JSON about the file's origin, for people.
  public static let provenance = SectionType("prov")

  /// The type in a directory's field, or nil if the field holds anything but letters.
  public init?(rawValue: UInt32) {
    self.rawValue = rawValue
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    for letter in bytes where !letters.contains(letter | 0x20) { return nil }
  }

  private init(_ letters: StaticString) {
    rawValue = "\(letters)".utf8.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Whether a reader that does not know the section must reject the file.
  public var isRequired: Bool { rawValue & 0x20 == 0 }

  /// The four letters.
  public var description: String { String(decoding: bytes, as: UTF8.self) }

  private var bytes: [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: rawValue >> $0) }
  }
}
