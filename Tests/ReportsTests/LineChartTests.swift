import Foundation
import FoundationXML
import TestSupport
import Testing

@testable import Reports

@Suite("Charts")
struct LineChartTests {
  @Test(
    "a level that no axis can hold is left out of the chart, and nothing is harmed",
    arguments: [.infinity, .nan, 1e300])
  func levels(level: Double) {
    let chart = LineChart(
      title: "t", summary: "s", xName: "x", yName: "y", marks: [],
      levels: [(method: "full", y: level)],
      series: [LineChart.Series(method: "q-filters", points: [(1, 2), (2, 3)])])
    #expect(chart.svg.contains("q-filters") && !chart.svg.contains(">full<"))
  }

  @Test("ticks are round, a few of them, and hold the range, whatever it is")
  func ticks() {
    for seed in UInt64(1)...200 {
      var random = SeededGenerator(seed: seed)
      let scale = Double.random(in: -6...9, using: &random)
      let low = Double.random(in: -1...1, using: &random) * exp(scale)
      let high = low + Double.random(in: 0...1, using: &random) * exp(scale)
      let ticks = AxisTicks(low: low, high: high).values
      #expect((2...9).contains(ticks.count), "seed \(seed)")
      let slack = (ticks[1] - ticks[0]) * 1e-6
      #expect(ticks[0] <= low + slack && ticks[ticks.count - 1] >= high - slack, "seed \(seed)")
    }
  }

  @Test("no figure that a file may hold stops a drawing")
  func extremes() {
    for values in [
      [], [0.0], [1e300, -1e300], [.infinity, 1], [-.infinity], [.nan], [1e11, 1e-11],
    ] {
      let chart = LineChart(
        title: "<t>", summary: "", xName: "x", yName: "y", marks: LineChart.compressionMarks([1]),
        series: [.init(method: "q-filters", points: values.enumerated().map { (Double($0), $1) })])
      #expect(XMLParser(data: Data(chart.svg.utf8)).parse(), "\(values)")
    }
  }
}
