/// The colours of a heat map, on light and on dark pages: one hue, and the more that survives the
/// farther from the ground.
enum HeatmapStyle {
  private struct Theme {
    let page, ground, text, name: String
    /// Shades 1, 2, …
    let shades: [String]

    var css: String {
      let shades = shades.enumerated().map { index, colour in
        ".s\(index + 1) { stroke: \(colour); } .f\(index + 1) { fill: \(colour); }"
      }
      return """
        .page { fill: \(page); }
        .ground { fill: \(ground); }
        text { fill: \(text); }
        .name { fill: \(name); }
        .tick { stroke: \(text); }
        \(shades.joined(separator: "\n"))
        """
    }
  }

  private static let light = Theme(
    page: "#ffffff", ground: "#eef1f4", text: "#44525f", name: "#16202b",
    shades: [
      "#cfe0f3", "#afcdea", "#88b4de", "#5f98cf", "#3d7bbb", "#255fa2", "#144585", "#082c62",
    ])

  private static let dark = Theme(
    page: "#12171d", ground: "#1d242c", text: "#a9b6c2", name: "#eef3f7",
    shades: [
      "#203a56", "#28507a", "#31689e", "#3f82bf", "#5b9dd6", "#82b8e6", "#afd3f2", "#e2f1fd",
    ])

  static var css: String {
    """
    <style>
    .name { font-size: 17px; font-weight: 600; }
    .note { font-size: 12px; }
    \(light.css)
    @media (prefers-color-scheme: dark) {
    \(dark.css)
    }
    </style>
    """
  }
}
