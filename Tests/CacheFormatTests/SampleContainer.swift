import TestSupport

/// A small file like a filter bank.
enum SampleContainer {
  /// 128 bytes, all different from zero.
  static let identity = (0..<128).map { UInt8($0 + 1) }
  /// One layer, one head, two elements.
  static let filters =
    [1, 1, 2, 0].flatMap { RawContainer.field(UInt32($0)) }
    + [1.5, -2].flatMap { RawContainer.field(Float($0).bitPattern) }

  static let filterBank = RawContainer(
    kind: "FILT",
    sections: [("IDEN", identity), ("FILT", filters), ("prov", Array("{}".utf8))])
}
