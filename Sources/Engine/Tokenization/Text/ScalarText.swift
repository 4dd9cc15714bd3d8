/// Bytes that are meant as UTF-8, read scalar by scalar between two bounds.
struct ScalarText: ~Escapable {
  /// A scalar, or bytes that are none.
  struct Item {
    /// The class of the scalar.
    let `class`: ScalarClass
    /// The scalar's value; nil for bytes that are no UTF-8.
    let value: UInt32?
    /// Where the next one starts.
    let next: Int

    /// Whether it is a carriage return or a line feed.
    var isLineBreak: Bool { value == 0x0A || value == 0x0D }
    /// Whether it is a letter from A to Z in either case.
    var isASCIILetter: Bool { self.class == .letter && (value ?? .max) < 0x80 }
  }

  private let bytes: Span<UInt8>
  /// Where the text starts.
  let start: Int
  /// Where the text ends.
  let end: Int

  /// The part `range` of `bytes`, which must lie within them.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    self.bytes = bytes
    start = range.lowerBound
    end = range.upperBound
  }

  /// A part of this text.
  @_lifetime(copy self)
  func part(_ range: Range<Int>) -> ScalarText { ScalarText(bytes, range) }

  /// The byte at a position, nil from the end on.
  func byte(_ position: Int) -> UInt8? { position < end ? bytes[position] : nil }

  /// The item at a position, nil from the end on.
  func scalar(at position: Int) -> Item? {
    guard position < end else { return nil }
    let byte = bytes[position]
    if byte < 0x80 {
      return Item(
        class: ScalarClass(Unicode.Scalar(byte)), value: UInt32(byte), next: position + 1)
    }
    let step = UTF8Step(bytes, at: position)
    return Item(
      class: ScalarClass(step.scalar), value: step.scalar?.value,
      next: min(position + step.length, end))
  }

  /// The end of the longest run of items from `start` on, of at most `limit`.
  func endOfItems(from start: Int, limit: Int = .max, where belongs: (Item) -> Bool) -> Int {
    var (position, count) = (start, 0)
    while count < limit, let item = scalar(at: position), belongs(item) {
      position = item.next
      count += 1
    }
    return position
  }

  /// The end of the longest run of classes from `start` on, of at most `limit` items.
  func endOfRun(from start: Int, limit: Int = .max, where belongs: (ScalarClass) -> Bool) -> Int {
    endOfItems(from: start, limit: limit) { belongs($0.class) }
  }

  /// `\s+(?!\S)|\s+`: the end of a run of spaces without its last one, which belongs to what
  /// follows, unless nothing follows or it is the only one.
  func endOfSpacesBeforeWord(from start: Int) -> Int {
    var (last, position) = (start, start)
    while let item = scalar(at: position), item.class == .space {
      last = position
      position = item.next
    }
    return position < end && last > start ? last : position
  }

  /// `\s*[\r\n]+`: the end of the last line break in the spaces at `start`, nil if there is none.
  func endOfLineBreaks(from start: Int) -> Int? {
    var (end, position): (Int?, Int) = (nil, start)
    while let item = scalar(at: position), item.class == .space {
      position = item.next
      if item.isLineBreak { end = position }
    }
    return end
  }
}
