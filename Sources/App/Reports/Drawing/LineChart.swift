import Platform

/// Lines over an axis, each named at its end.
struct LineChart {
  /// One line.
  struct Series {
    /// As in the commands; it decides the colour too.
    let method: String
    /// In ascending order of x.
    let points: [(x: Double, y: Double)]

    /// Leaves out points that no axis can hold.
    init(method: String, points: [(x: Double, y: Double)]) {
      self.method = method
      self.points = points.filter { LineChart.holds($0.y) }
    }
  }

  /// A place on the axis below.
  struct Mark {
    let x: Double
    let name: String
  }

  /// Marks for compressions ×N on an axis of powers of two.
  static func compressionMarks(_ compressions: [Int]) -> [Mark] {
    Set(compressions).sorted().map { Mark(x: log2(Double($0)), name: "×\($0)") }
  }

  let title: String
  let summary: String
  let xName: String
  let yName: String
  let marks: [Mark]
  /// Methods without an x of their own, drawn across where the axis holds them.
  var levels: [(method: String, y: Double)] = []
  let series: [Series]
  /// What the axis holds at least.
  var least: ClosedRange<Double>?
  /// Each point is drawn, not the line alone.
  var hasDots = true

  private static func holds(_ value: Double) -> Bool { abs(value) < 1e12 }

  private static let (width, height) = (760, 416)
  private static let (left, right, top, bottom) = (66, 590, 100, 358)
  private static let labelHeight = 16.0

  var svg: String {
    SVG.document(
      width: Self.width, height: Self.height, label: "\(title): \(summary)", fontSize: 13,
      SVG.heading(title, summary, x: 24) + [axes] + drawnLevels.map { level($0.method, $0.y) }
        + series.flatMap(line) + labels)
  }

  // MARK: Places

  private var drawnLevels: [(method: String, y: Double)] { levels.filter { Self.holds($0.y) } }

  private var xRange: (Double, Double) {
    let all = series.flatMap { $0.points.map(\.x) } + marks.map(\.x)
    guard let low = all.min(), let high = all.max() else { return (0, 1) }
    return low < high ? (low, high) : (low - 0.5, high + 0.5)
  }

  private var yTicks: [Double] {
    let values = series.flatMap { $0.points.map(\.y) } + drawnLevels.map(\.y)
    let low = min(values.min() ?? 0, least?.lowerBound ?? .infinity)
    let high = max(values.max() ?? 1, least?.upperBound ?? -.infinity)
    return AxisTicks(low: low, high: high).values
  }

  private func x(_ value: Double) -> Double {
    let (low, high) = xRange
    return Double(Self.left) + (value - low) / (high - low) * Double(Self.right - Self.left)
  }

  private func y(_ value: Double, _ ticks: [Double]) -> Double {
    guard let low = ticks.first, let high = ticks.last, low < high else { return 0 }
    return Double(Self.bottom) - (value - low) / (high - low) * Double(Self.bottom - Self.top)
  }

  private static func text(_ value: Double) -> String { Format.fixed(value, 1) }

  // MARK: Parts

  private var axes: Markup {
    let ticks = yTicks
    let decimals = AxisTicks.decimals(ticks)
    let rows = ticks.flatMap { tick in
      let place = y(tick, ticks)
      return [
        Markup("path", ["class": "grid", "d": across(place)]),
        Markup(
          "text", ["x": Self.left - 8, "y": Self.text(place + 4), "text-anchor": "end"],
          text: Format.fixed(tick, decimals)),
      ]
    }
    let columns = marks.flatMap { mark in
      let place = Self.text(x(mark.x))
      return [
        Markup("path", ["class": "tick", "d": "M\(place) \(Self.bottom)v5"]),
        Markup(
          "text", ["x": place, "y": Self.bottom + 21, "text-anchor": "middle"], text: mark.name),
      ]
    }
    let names = [
      Markup("text", ["x": Self.left, "y": Self.top - 11], text: yName),
      Markup(
        "text",
        ["x": (Self.left + Self.right) / 2, "y": Self.bottom + 42, "text-anchor": "middle"],
        text: xName),
    ]
    return Markup("g", ["class": "note"], lines: rows + columns + names)
  }

  /// The path of a horizontal line over the whole plot.
  private func across(_ y: Double) -> String { "M\(Self.left) \(Self.text(y))H\(Self.right)" }

  private func level(_ method: String, _ value: Double) -> Markup {
    let look = "line \(MethodColour.name(method)) dashed"
    return Markup("path", ["class": look, "d": across(y(value, yTicks))])
  }

  private func line(_ series: Series) -> [Markup] {
    let ticks = yTicks
    let places = series.points.map { (Self.text(x($0.x)), Self.text(y($0.y, ticks))) }
    let steps = places.enumerated().map { ($0 == 0 ? "M" : "L") + "\($1.0) \($1.1)" }
    let look = MethodColour.name(series.method)
    let line = Markup("path", ["class": "line \(look)", "d": steps.joined()])
    guard hasDots else { return [line] }
    return [line]
      + zip(series.points, places).map { point, place in
        Markup(
          "circle", ["class": "dot \(look)", "cx": place.0, "cy": place.1, "r": 3.5],
          inline: [Markup("title", text: "\(series.method): \(Format.fixed(point.y, 4))")])
      }
  }

  /// The lines' names next to their ends, moved apart where they would meet.
  private var labels: [Markup] {
    let ticks = yTicks
    let ends =
      drawnLevels.map { ($0.method, y($0.y, ticks)) }
      + series.compactMap { line in line.points.last.map { (line.method, y($0.y, ticks)) } }
    let sorted = ends.sorted { $0.1 < $1.1 }
    let places = Self.apart(sorted.map(\.1))
    return zip(sorted, places).flatMap { end, place in
      let look = MethodColour.name(end.0)
      let (from, to) = (Self.text(end.1), Self.text(place))
      return [
        Markup(
          "path",
          [
            "class": "line \(look) thin",
            "d": "M\(Self.right + 5) \(from)L\(Self.right + 17) \(to)",
          ]),
        Markup(
          "text",
          ["class": "label \(look)", "x": Self.right + 21, "y": Self.text(place + 4.5)],
          text: end.0),
      ]
    }
  }

  /// Ascending places, at least a label's height apart, all on the plot if they fit.
  private static func apart(_ wanted: [Double]) -> [Double] {
    var places = wanted
    for index in places.indices.dropFirst() {
      places[index] = max(places[index], places[index - 1] + labelHeight)
    }
    var limit = Double(bottom)
    for index in places.indices.reversed() {
      places[index] = min(places[index], limit)
      limit = places[index] - labelHeight
    }
    return places
  }
}
