@testable import Evaluation
@testable import Reports
import ByteIO
import Foundation
import FoundationXML
import QFilters
import TestSupport
import Testing

@testable import Workflows
@testable import QFiltersCLI

@Suite("A folder's report", .serialized)
struct EvaluationReportTests {
  /// A report on a tiny model, with every kind of evaluation in it.
  private static let shared = Result { try Report() }

  private struct Report {
    let folder: ScratchFolder
    let out: String

    init() throws {
      (folder, out) = try { ($0, $0.path("out")) }(ScratchFolder())
      let tiny = try TinyFiles.shared.get()
      let haystack = folder.path("haystack")
      try FileManager.default.createDirectory(atPath: haystack, withIntermediateDirectories: true)
      let lines = (0..<400).map { "A line of text to be kept, number \($0 * $0 % 97). " }
      try Data(lines.joined().utf8).write(to: URL(filePath: haystack + "/text.txt"))
      let model = ["--model", tiny.model, "--filters", tiny.filters, "--out", out]
      try Self.run(["evaluate", "report", "--haystack", haystack] + model)
      for task in ["multi-key", "variable-tracking"] {
        try Self.run(
          [
            "evaluate", "needle", "--haystack", haystack, "--task", task, "--lengths", "260,300",
            "--depths", "2", "--compressions", "2,4",
          ] + model)
      }
      try Self.run(
        [
          "evaluate", "needle", "--haystack", haystack, "--lengths", "200,300", "--depths", "3",
          "--compressions", "2,4", "--needle", "<&\"\u{1B}>", "--question", "what?", "--answer",
          "kept",
        ] + model)
    }

    private static func run(_ arguments: [String]) throws {
      let result = try Command.run(arguments)
      guard result.status == 0 else { throw CommandFailed(message: result.error) }
    }

    func text(_ name: String) throws -> String {
      String(decoding: try bytes(of: out + "/" + name), as: UTF8.self)
    }
  }

  @Test("JSON, CSV and SVG of every evaluation; each SVG is well-formed")
  func files() throws {
    let report = try Self.shared.get()
    let names = try FileManager.default.contentsOfDirectory(atPath: report.out)
    #expect(
      Set(names) == [
        "index.html", "needle.json", "needle.csv", "needle.svg", "needle-ratio.svg",
        "multi-key.json", "multi-key.csv", "multi-key.svg", "multi-key-ratio.svg",
        "variable-tracking.json", "variable-tracking.csv", "variable-tracking.svg",
        "variable-tracking-ratio.svg", "perplexity.json", "perplexity.csv", "perplexity.svg",
        "perplexity-gap.svg", "continuation.json", "continuation.csv", "continuation.svg",
        "fidelity.json", "fidelity.csv", "mass.svg", "divergence.svg", "correlation.svg",
        "energy.json", "energy.csv", "energy.svg",
      ])
    for name in names where name.hasSuffix(".svg") || name.hasSuffix(".html") {
      let parser = XMLParser(data: Data(try report.text(name).utf8))
      #expect(parser.parse(), "\(name): \(String(describing: parser.parserError))")
    }
  }

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

  @Test("the page says what was measured with what, needs nothing else, and shows every picture")
  func page() throws {
    let report = try Self.shared.get()
    let page = try report.text("index.html")
    let tiny = try TinyFiles.shared.get()
    let inspected = try Command.run("inspect", tiny.filters, "--json")
    struct Bank: Decodable {
      struct Identity: Decodable { let weights, architecture, rope, tokenizer, filters: String }
      let identity: Identity
    }
    let identity = try inspected.json(as: Bank.self).identity
    for fact in [
      identity.weights, identity.architecture, identity.rope, identity.tokenizer, identity.filters,
      "kernels", "OpenBLAS", "tokens in a context", "budget", "begun", "whole layers",
      "&lt;&amp;&quot;\\u{1B}&gt;",
    ] { #expect(page.contains(fact), "\(fact)") }
    let names = try FileManager.default.contentsOfDirectory(atPath: report.out)
    for name in names where name != "index.html" {
      #expect(page.contains("href=\"\(name)\""), "\(name)")
    }
    #expect(page.ranges(of: "<svg ").count == names.count { $0.hasSuffix(".svg") })
    // Namespaces are names; nothing is fetched.
    let outside = page.replacing("http://www.w3.org/2000/svg", with: "").replacing(
      "http://www.w3.org/1999/xhtml", with: "")
    for word in ["http:", "https:", "<script", "<link", "@import", "url("] {
      #expect(!outside.contains(word), "\(word)")
    }
  }

  @Test("the figures in the files are those of the measurements")
  func figures() throws {
    let report = try Self.shared.get()
    let results = try #require(
      try Results<Fidelity.Cell>(ifPresentAt: report.out + "/fidelity.json"))
    let csv = try report.text("fidelity.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(
      csv[0] == [
        "method", "layer", "head", "spearman", "massKeptX2", "massKeptX4",
        "massKeptX8", "massKeptX16", "massKeptX32", "divergenceX2", "divergenceX4",
        "divergenceX8", "divergenceX16", "divergenceX32",
      ])
    let methods = Set(results.cells.map(\.method))
    #expect(csv.count == 1 + methods.count * 5)
    for row in csv.dropFirst() {
      let cells = results.cells.filter { $0.method == row[0] }
      guard let layer = Int(row[1]), let head = Int(row[2]) else {
        #expect(row[1] == "all" && row[2] == "all")
        let mean = cells.reduce(0) { $0 + $1.divergences[4] } / Double(cells.count)
        #expect(abs(try #require(Double(row[13])) - mean) < 1e-4)
        continue
      }
      let values = cells.compactMap { $0.correlations[layer * 2 + head].map(Double.init) }
      let mean = values.reduce(0, +) / Double(values.count)
      #expect(abs(try #require(Double(row[3])) - mean) < 1e-4)
    }
    let needles = try #require(try Results<Needle.Cell>(ifPresentAt: report.out + "/needle.json"))
    let svg = try report.text("needle.svg")
    #expect(svg.matches(of: #/<rect class="(f6|ground)"/#).count == needles.cells.count)
    #expect(svg.matches(of: #/<rect class="f6"/#).count == needles.cells.count(where: \.found))
  }

  @Test(
    "where a compression leaves sinks and window alone, a needle's cells are pale, and its figures in brackets"
  )
  func protectedAlone() throws {
    let report = try Self.shared.get()
    let results = try #require(try Results<Needle.Cell>(ifPresentAt: report.out + "/needle.json"))
    // Of about 200 tokens ×4 keeps 50, of 300 it keeps 75.
    let alone = results.cells.filter {
      $0.length == 200 && $0.compression == 4 && !["full", "recall"].contains($0.method)
    }
    #expect(
      !alone.isEmpty && alone == results.cells.filter { $0.isProtectedAlone(results.settings) })
    #expect(try report.text("needle.svg").ranges(of: #" opacity="0.4""#).count == alone.count)
    let table = NeedleReport(results, .needle).table
    let row = try #require(table.split(separator: "\n").first { $0.contains("q-filters ×4") })
    #expect(row.contains("/3)") && row.ranges(of: "(").count == 1)
    #expect(table.hasSuffix("all ranked methods hold the same."))
    let whole = try #require(table.split(separator: "\n").first { $0.contains("full") })
    #expect(!whole.contains("("))
    // A head keeps one pair at least, which scores choose if nothing else is protected.
    #expect(!RetentionPolicy.isAlone(of: 100, 128, "k-norm", ["sinks": "0", "window": "0"]))
    #expect(RetentionPolicy.isAlone(of: 100, 128, "k-norm", ["sinks": "1", "window": "0"]))
    let bank = try FilterBank(path: try TinyFiles.shared.get().filters)
    let preset = RetentionPolicy.kvpress.settings(bank)
    for method in ["streaming-llm", "k-norm"] {
      #expect(!RetentionPolicy.isAlone(of: 100, 25, method, preset))
    }
  }

  @Test(
    "a browser shows it, on a light page and on a dark one",
    .enabled(if: Chromium.installed != nil, "no Chromium on the PATH"),
    arguments: Chromium.Scheme.allCases)
  func picture(scheme: Chromium.Scheme) throws {
    let report = try Self.shared.get()
    let browser = try #require(Chromium.installed)
    let png = try browser.png(of: report.out + "/index.html", scheme, width: 1100, height: 3000)
    let look = try browser.look(at: png)
    #expect(look.colours > 100, "\(look)")
    #expect((0.02...0.5).contains(look.drawn), "\(look)")
    #expect(scheme == .light ? look.ground > 0.95 : look.ground < 0.15, "\(look)")
  }

  @Test("results that are not sound are refused by name, and nothing is drawn of them")
  func unsound() throws {
    let report = try Self.shared.get()
    for (name, old, new) in [
      ("fidelity", "\"kvHeads\":2", "\"kvHeads\":1"),
      ("fidelity", "\"layers\":2", "\"layers\":9000000000"),
      ("fidelity", "\"compressions\":[2,", "\"compressions\":["),
      ("fidelity", "\"compressions\":[2,", "\"compressions\":[0,"),
      ("energy", "\"layer\":1", "\"layer\":-1"),
      ("energy", "\"energyShare\":0", "\"energyShare\":7"),
      ("perplexity", "\"losses\":[", "\"losses\":[1,"),
      ("continuation", "\"compression\":2", "\"compression\":0"),
      ("continuation", "\"seconds\":", "\"seconds\":-"),
      ("continuation", "\"sequence\":1", "\"sequence\":-1"),
      ("continuation", "\"sequence\":1", "\"sequence\":0"),
      ("fidelity", "\"sequence\":1", "\"sequence\":-1"),
      ("fidelity", "\"sequence\":1", "\"sequence\":0"),
    ] {
      let scratch = try ScratchFolder()
      let text = try report.text(name + ".json")
      let place = try #require(text.range(of: old), "\(name) \(old)")
      _ = try scratch.write(
        name + ".json", text.replacingCharacters(in: place, with: new).utf8)
      let error = #expect(throws: MalformedFile.self) {
        try ReportFolder(path: scratch.path("")).write()
      }
      #expect(error?.path.hasSuffix("/\(name).json") == true)
      #expect(scratch.contents == [name + ".json"], "\(name) \(new)")
    }
  }

  /// A JSON value with one leaf of it replaced.
  private static func mutated(_ value: Any, _ random: inout SeededGenerator) -> Any {
    if var object = value as? [String: Any],
      let key = object.keys.sorted().randomElement(using: &random)
    {
      object[key] = mutated(object[key] ?? 0, &random)
      return object
    }
    if var array = value as? [Any], let index = array.indices.randomElement(using: &random) {
      array[index] = mutated(array[index], &random)
      return array
    }
    let hostile: [Any] = [
      Int.max, Int.min, -1, 0, 1e300, 0.5, NSNull(), [Any](), "", "9223372036854775807", "-1",
      "1e400",
      "</title></rect></svg><script>document.title='x'</script>", "\u{1B}[31m,\n\"", "full",
    ]
    return hostile.randomElement(using: &random) ?? 0
  }

  @Test(
    "whatever one value of one file is, the folder is refused or all of it is well-formed, without scripts"
  )
  func hostile() throws {
    let report = try Self.shared.get()
    let names = try FileManager.default.contentsOfDirectory(atPath: report.out)
      .filter { $0.hasSuffix(".json") }.sorted()
    for seed in UInt64(1)...150 {
      var random = SeededGenerator(seed: seed)
      let scratch = try ScratchFolder()
      let changed = try #require(names.randomElement(using: &random))
      for name in names where name == changed || Bool.random(using: &random) {
        var value = try JSONSerialization.jsonObject(with: Data(report.text(name).utf8))
        if name == changed { value = Self.mutated(value, &random) }
        try JSONSerialization.data(withJSONObject: value).write(
          to: URL(filePath: scratch.path(name)))
      }
      do { try ReportFolder(path: scratch.path("")).write() } catch is MalformedFile { continue }
      for name in scratch.contents where name.hasSuffix(".svg") || name.hasSuffix(".html") {
        let text = try Data(contentsOf: URL(filePath: scratch.path(name)))
        #expect(XMLParser(data: text).parse(), "seed \(seed): \(changed), \(name)")
        #expect(text.range(of: Data("<script".utf8)) == nil, "seed \(seed): \(changed), \(name)")
      }
    }
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
        title: "<t>", summary: "", xName: "x", yName: "y", marks: LineChart.ratios([1]),
        series: [.init(method: "q-filters", points: values.enumerated().map { (Double($0), $1) })])
      #expect(XMLParser(data: Data(chart.svg.utf8)).parse(), "\(values)")
    }
  }
}
