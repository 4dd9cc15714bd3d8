// A pair's position is its token's, its rank is its index in a snapshot's order, and its slot is
// its index among kept pairs in order of position.

extension UInt32 {
  /// The slot of a pair that is not kept: `CK_NO_SLOT`, because arrays of slots go to C as they
  /// are.
  static let noSlot = UInt32.max
}
