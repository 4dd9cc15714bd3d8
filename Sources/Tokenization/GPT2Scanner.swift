/// Cuts text into the words of GPT-2's pattern, without backtracking.
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Every scalar is in exactly one of the pattern's classes, so a word is a contraction, a run of
/// one class with at most one space before it, or spaces. Source: GPT-2 (2019).
struct GPT2Scanner: ~Escapable {
  private let bytes: Span<UInt8>
  private let end: Int
  private var position: Int

  /// Cuts the part `range` of `bytes`, which must lie within them.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// The range of the next word, or nil at the end.
  mutating func next() -> Range<Int>? {
    guard position < end else { return nil }
    let start = position
    position = endOfContraction(from: start) ?? endOfRun(from: start) ?? endOfSpaces(from: start)
    return start..<position
  }

  private func endOfContraction(from start: Int) -> Int? {
    guard bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
    switch bytes[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < end && bytes[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return start + 2 < end && bytes[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default:
      return nil
    }
  }

  /// The end of a run of letters, numbers or others with at most one space (U+0020) before it.
  private func endOfRun(from start: Int) -> Int? {
    let first = bytes[start] == UInt8(ascii: " ") ? start + 1 : start
    guard first < end else { return nil }
    let kind = scalar(at: first)
    guard kind.class != .space else { return nil }
    return endOfClass(kind.class, from: kind.end)
  }

  /// The end of a run of spaces; its last one is left to what follows, unless nothing else is left.
  private func endOfSpaces(from start: Int) -> Int {
    var last = start
    var next = scalar(at: start).end
    while next < end, case let following = scalar(at: next), following.class == .space {
      last = next
      next = following.end
    }
    return next < end && last > start ? last : next
  }

  private func endOfClass(_ kind: ScalarClass, from start: Int) -> Int {
    var next = start
    while next < end, case let following = scalar(at: next), following.class == kind {
      next = following.end
    }
    return next
  }

  private func scalar(at position: Int) -> (class: ScalarClass, end: Int) {
    let step = UTF8Step(bytes, at: position)
    return (ScalarClass(step.scalar), min(position + step.length, end))
  }
}
