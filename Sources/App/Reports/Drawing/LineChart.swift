import Glibc

/// Lines over an axis, each named at its end.
package struct LineChart {
  /// One line.
  package struct Series {
    /// As in the commands; it decides the colour too.
    let method: String
    /// In ascending order of x.
    let points: [(x: Double, y: Double)]

    /// Leaves out points that no axis can hold.
    package init(method: String, points: [(x: Double, y: Double)]) {
      self.method = method
      self.points = points.filter { LineChart.holds($0.y) }
    }
  }

  /// A place on the axis below.
  package struct Mark {
    let x: Double
    let name: String
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
      [
        SVG.heading(title, summary, x: 24), axes,
        drawnLevels.map { level($0.method, $0.y) }.joined(separator: "\n"),
        series.map(line).joined(separator: "\n"), labels,
      ].joined(separator: "\n"))
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

  private var axes: String {
    let ticks = yTicks
    let decimals = AxisTicks.decimals(ticks)
    let rows = ticks.map { tick in
      let place = Self.text(y(tick, ticks))
      return """
        <path class="grid" d="M\(Self.left) \(place)H\(Self.right)"/>
        <text x="\(Self.left - 8)" y="\(Self.text(y(tick, ticks) + 4))" text-anchor="end">\(Format.fixed(tick, decimals))</text>
        """
    }
    let columns = marks.map { mark in
      let place = Self.text(x(mark.x))
      return """
        <path class="tick" d="M\(place) \(Self.bottom)v5"/>
        <text x="\(place)" y="\(Self.bottom + 21)" text-anchor="middle">\(SVG.escaped(mark.name))</text>
        """
    }
    let middle = (Self.left + Self.right) / 2
    return """
      <g class="note">
      \((rows + columns).joined(separator: "\n"))
      <text x="\(Self.left)" y="\(Self.top - 11)">\(SVG.escaped(yName))</text>
      <text x="\(middle)" y="\(Self.bottom + 42)" text-anchor="middle">\(SVG.escaped(xName))</text>
      </g>
      """
  }

  private func level(_ method: String, _ value: Double) -> String {
    let place = Self.text(y(value, yTicks))
    return
      #"<path class="line \#(MethodColour.name(method)) dashed" d="M\#(Self.left) \#(place)H\#(Self.right)"/>"#
  }

  private func line(_ series: Series) -> String {
    let ticks = yTicks
    let places = series.points.map { (Self.text(x($0.x)), Self.text(y($0.y, ticks))) }
    let steps = places.enumerated().map { ($0 == 0 ? "M" : "L") + "\($1.0) \($1.1)" }
    let look = MethodColour.name(series.method)
    let dots = zip(series.points, places).map { point, place in
      #"<circle class="dot \#(look)" cx="\#(place.0)" cy="\#(place.1)" r="3.5"><title>\#(SVG.escaped(series.method)): \#(Format.fixed(point.y, 4))</title></circle>"#
    }
    return ([#"<path class="line \#(look)" d="\#(steps.joined())"/>"#] + (hasDots ? dots : []))
      .joined(separator: "\n")
  }

  /// The lines' names beside their ends, moved apart where they would meet.
  private var labels: String {
    let ticks = yTicks
    let ends =
      drawnLevels.map { ($0.method, y($0.y, ticks)) }
      + series.compactMap { line in line.points.last.map { (line.method, y($0.y, ticks)) } }
    let sorted = ends.sorted { $0.1 < $1.1 }
    let places = Self.apart(sorted.map(\.1))
    return zip(sorted, places).map { end, place in
      let look = MethodColour.name(end.0)
      return """
        <path class="line \(look) thin" d="M\(Self.right + 5) \(Self.text(end.1))L\(Self.right + 17) \(Self.text(place))"/>
        <text class="label \(look)" x="\(Self.right + 21)" y="\(Self.text(place + 4.5))">\(SVG.escaped(end.0))</text>
        """
    }.joined(separator: "\n")
  }

  /// Ascending places, each at least a label's height from the one before, all on the plot if they fit.
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
