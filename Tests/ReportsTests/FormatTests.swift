import Testing

@testable import Reports

@Suite("How wide text is in a terminal")
struct FormatTests {
  @Test("ideographs and emoji take two columns, marks none")
  func columns() {
    for (text, width) in [
      ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한", 2), ("ｆ", 2), ("🙂", 2),
      ("×8", 2), ("█░", 2),
    ] { #expect(Format.columns(text) == width, "\(text)") }
    #expect(Format.cut("日本語", toColumns: 6) == "日本語")
    #expect(Format.cut("日本語", toColumns: 5) == "日本…")
    #expect(Format.cut("日本語", toColumns: 4) == "日…")
    #expect(Format.cut("ab", toColumns: 1) == "…")
    #expect(Format.cut("ab", toColumns: 0) == "")
    #expect(Format.padded("日本", to: 6) == "日本  ")
  }
}
