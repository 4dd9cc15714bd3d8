/// Counts, shares and lists for people.
extension Format {
  /// Why figures are in brackets, or pale.
  static let protectedAlone =
    "n/N is no more than sinks and window: all these methods hold the same."

  private static let nameWidth = 12
  private static let digestDigits = 64
  private static let shortDigits = 12

  /// As in "6,796".
  package static func count(_ value: some BinaryInteger) -> String {
    let digits = Array(String(value))
    return digits.indices.reduce(into: "") { text, index in
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digits[index])
    }
  }

  /// As in "6,796 tokens" and "1 token".
  package static func count(_ value: some BinaryInteger, _ unit: String) -> String {
    "\(count(value)) \(unit)\(value == 1 ? "" : "s")"
  }

  /// A part of a whole, or nil if there is no whole.
  static func share(_ part: some BinaryInteger, of whole: some BinaryInteger) -> Double? {
    whole > 0 ? Double(part) / Double(whole) : nil
  }

  /// As in "85.1 %"; "–" if there is no whole.
  static func percent(
    _ part: some BinaryInteger, of whole: some BinaryInteger, _ decimals: Int
  ) -> String {
    share(part, of: whole).map { fixed($0 * 100, decimals) + " %" } ?? "–"
  }

  /// Text with spaces before it.
  static func aligned(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - columns(text))) + text
  }

  /// A share from 0 to 1 as a bar of eighths of a character.
  static func bar(_ share: Double, width: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(width * 8)).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
  }

  /// A share from 0 to 1 as one character, the higher the greater.
  static func eighths(_ share: Double) -> String {
    let bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return bars[Int(min(7, max(0, share * 8)))]
  }

  /// A digest's first digits; of other text as much as fits `width`. Characters that could steer a
  /// terminal are escaped.
  static func shortened(_ text: String, to width: Int = shortDigits) -> String {
    let isDigest = text.utf8.count == digestDigits && text.allSatisfy(\.isHexDigit)
    let limit = isDigest ? shortDigits : width
    // A control character becomes several, so what is shown is cut once more.
    let shown = printable(String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit + 1))))
    return shown.unicodeScalars.count > limit ? String(shown.prefix(limit)) + "…" : shown
  }

  /// Names and values under a heading.
  static func list(_ heading: String, _ entries: [(name: String, value: String)]) -> String {
    let names = entries.map { shortened($0.name, to: 24) }
    let width = names.reduce(nameWidth) { max($0, $1.count) }
    let lines = zip(names, entries).map { name, entry in
      let gap = String(repeating: " ", count: width - name.count)
      return name.isEmpty ? "  \(entry.value)" : "  \(name)\(gap)  \(entry.value)"
    }
    return ([heading] + lines).joined(separator: "\n")
  }
}
