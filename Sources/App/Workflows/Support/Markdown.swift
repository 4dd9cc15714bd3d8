/// Text from a file within a Markdown page.
enum Markdown {
  /// Text within a paragraph or a cell of a table, in which no character is markup.
  static func plain(_ text: String) -> String {
    withoutControls(text).unicodeScalars.reduce(into: "") { result, scalar in
      if "\\`*_{}[]<>#|!&~".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
  }

  /// Text without the characters that control a terminal or end a line.
  static func withoutControls(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.filter { $0.properties.generalCategory != .control }))
  }
}
