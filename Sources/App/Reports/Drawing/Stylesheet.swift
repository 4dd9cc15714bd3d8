/// The colours of all drawings, on light and on dark pages. A heat map has one hue: the greater the
/// value, the farther from the ground. Negative values have another hue.
enum Stylesheet {
  private struct Theme {
    let page, ground, text, name, grid: String
    /// Shades 1, 2, …
    let shades: [String]
    /// Shades −1, −2, …
    let negative: [String]
    let isDark: Bool

    var css: String {
      let shades = shades.enumerated().map { index, colour in
        ".s\(index + 1) { stroke: \(colour); } .f\(index + 1) { fill: \(colour); }"
      }
      let negatives = negative.enumerated().map { ".g\($0 + 1) { fill: \($1); }" }
      return """
        .page { fill: \(page); }
        .ground { fill: \(ground); }
        text { fill: \(text); }
        .name { fill: \(name); }
        .tick { stroke: \(text); }
        .grid { stroke: \(grid); }
        \(shades.joined(separator: "\n"))
        \(negatives.joined(separator: " "))
        \(MethodColour.css(isDark))
        """
    }
  }

  private static let light = Theme(
    page: "#ffffff", ground: "#eef1f4", text: "#44525f", name: "#16202b",
    grid: "#e3e8ed",
    shades: [
      "#cfe0f3", "#afcdea", "#88b4de", "#5f98cf", "#3d7bbb", "#255fa2", "#144585", "#082c62",
    ], negative: ["#f7dfca", "#efbc8f", "#dd8f4e", "#b0601c"], isDark: false)

  private static let dark = Theme(
    page: "#12171d", ground: "#1d242c", text: "#a9b6c2", name: "#eef3f7",
    grid: "#2a333d",
    shades: [
      "#203a56", "#28507a", "#31689e", "#3f82bf", "#5b9dd6", "#82b8e6", "#afd3f2", "#e2f1fd",
    ], negative: ["#46301c", "#754a23", "#ae7032", "#eaa867"], isDark: true)

  static var css: String {
    """
    <style>
    .name { font-size: 17px; font-weight: 600; }
    .note { font-size: 12px; }
    .label { font-weight: 600; }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .thin { stroke-width: 1; }
    .dashed { stroke-dasharray: 6 4; }
    \(light.css)
    @media (prefers-color-scheme: dark) {
    \(dark.css)
    }
    </style>
    """
  }
}
