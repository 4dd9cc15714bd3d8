/// The parts that all drawings share.
enum SVG {
  /// A whole file. Its colours follow the reader's choice of light or dark.
  ///
  /// - Parameter label: What the drawing shows, for those who cannot see it.
  static func document(
    width: Int, height: Int, label: String, fontSize: Int = 12, _ body: [Markup]
  ) -> String {
    let page = Markup("rect", ["class": "page", "width": width, "height": height])
    let svg = Markup(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
        "viewBox": "0 0 \(width) \(height)", "role": "img", "aria-label": label,
        "font-family": "system-ui, 'DejaVu Sans', sans-serif", "font-size": fontSize,
      ], lines: [Markup(verbatim: Stylesheet.css), page] + body)
    return svg.source + "\n"
  }

  /// An upper estimate of a line's width at the usual size, in pixels.
  static func width(_ text: String) -> Int { text.count * 7 }

  /// A title and the line below it.
  static func heading(_ title: String, _ summary: String, x: Int) -> [Markup] {
    [
      Markup("text", ["class": "name", "x": x, "y": 34], text: title),
      Markup("text", ["x": x, "y": 56], text: summary),
    ]
  }
}
