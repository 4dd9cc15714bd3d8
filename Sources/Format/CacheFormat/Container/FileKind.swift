import ByteIO

/// The kinds of file that share the container (spec, section 2.1).
public enum FileKind: String, Sendable, CaseIterable {
  /// A snapshot (`.kvsnap`).
  case snapshot = "SNAP"
  /// A filter bank (`.qfilt`).
  case filterBank = "FILT"
  /// Calibration statistics (`.qstat`).
  case statistics = "STAT"
  /// A transform (`.qtrans`).
  case transform = "TRAN"

  /// Sums for a transform (`.qtsum`).
  case transformSums = "TSUM"

  /// The kind in words, for messages.
  public var name: String { KnownFile.containerKinds[rawValue] ?? rawValue }

  /// The kind that a file's first 12 bytes name, whether the rest is valid or not; nil if it is no
  /// file of the container.
  package init?(claimedBy bytes: [UInt8]) {
    guard bytes.starts(with: KnownFile.containerMagic) else { return nil }
    self.init(rawValue: String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self))
  }

  /// The sections that version 1 knows in such a file, in their order. Those whose first letter is
  /// upper-case are required, except the `rare` ones.
  public var sections: [SectionType] {
    switch self {
    case .snapshot:
      [
        .keys, .identity, .files, .parent, .context, .shapes, .scales, .tokens, .tiers, .chunks,
        .blocks, .meta, .provenance, .data,
      ]
    case .filterBank:
      [
        .identity, .filters, .quality, .sequences, .headFilters, .rope, .linearScore, .meta,
        .provenance,
      ]
    case .transform:
      [.identity, .transform, .coderTables, .basis, .rope, .metric, .meta, .provenance]
    case .transformSums: [.identity, .transformSums, .sequences, .rope, .meta, .provenance]
    case .statistics: [.identity, .statistics, .sequences, .rope, .pairSums, .meta, .provenance]
    }
  }

  /// The required sections that only some snapshots have (spec, section 2.2).
  public static let rare: [SectionType] = [.keys, .files, .parent, .shapes, .scales, .blocks]
}
