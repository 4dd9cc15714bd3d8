extension Span<UInt8> {
  /// The text without blanks at its ends, as Python's `strip` removes them: white space in Unicode,
  /// and four control characters that separate records.
  func trimmed(atStart: Bool, atEnd: Bool) -> [UInt8] {
    let text = ScalarText(self, indices)
    let start = atStart ? text.endOfItems(from: 0, where: Self.isBlank) : 0
    var end = count
    // A blank has one to three bytes.
    while atEnd,
      let width = (1...3).first(where: { width in
        guard end - width >= start else { return false }
        return text.part(end - width..<end).scalar(at: end - width).map {
          Self.isBlank($0) && $0.next == end
        } == true
      })
    { end -= width }
    return (start..<end).map { self[$0] }
  }

  private static func isBlank(_ item: ScalarText.Item) -> Bool {
    item.class == .space || item.value.map { (0x1C...0x1F).contains($0) } == true
  }
}
