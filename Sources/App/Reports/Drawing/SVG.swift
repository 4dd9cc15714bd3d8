/// What all drawings share.
enum SVG {
  /// A whole file. Its colours follow the reader's choice of light or dark.
  ///
  /// - Parameter label: What the drawing shows, for those who cannot see it.
  static func document(
    width: Int, height: Int, label: String, fontSize: Int = 12, _ body: String
  ) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img" aria-label="\(escaped(label))" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="\(fontSize)">
    \(Stylesheet.css)
    <rect class="page" width="\(width)" height="\(height)"/>
    \(body)
    </svg>

    """
  }

  /// About how wide a line of text is in the usual size; no letter that is shown is wider on average.
  static func width(_ text: String) -> Int { text.count * 7 }

  /// A title and the line below it.
  static func heading(_ title: String, _ summary: String, x: Int) -> String {
    """
    <text class="name" x="\(x)" y="34">\(escaped(title))</text>
    <text x="\(x)" y="56">\(escaped(summary))</text>
    """
  }

  /// Text for XML and HTML; what they cannot hold, and what turns the direction of text, is shown by its
  /// number or becomes U+FFFD.
  static func escaped(_ text: String) -> String {
    Format.printable(text).unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
