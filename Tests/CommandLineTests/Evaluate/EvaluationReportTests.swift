import Evaluation
import Foundation
import FoundationXML
import QFilters
import TestSupport
import Testing

@testable import Reports
@testable import Workflows

@Suite("A folder's report", .serialized)
struct EvaluationReportTests {
  @Test("JSON, CSV and SVG of every evaluation; each SVG is well-formed")
  func files() throws {
    let report = try TinyReport.shared.get()
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

  @Test("the page says what was measured with what, needs nothing else, and shows every picture")
  func page() throws {
    let report = try TinyReport.shared.get()
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
    let report = try TinyReport.shared.get()
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
    """
    where a compression leaves only sinks and window, a needle's cells are pale, and its figures \
    in brackets
    """
  )
  func protectedAlone() throws {
    let report = try TinyReport.shared.get()
    let results = try #require(try Results<Needle.Cell>(ifPresentAt: report.out + "/needle.json"))
    // ×4 keeps 50 of about 200 tokens, and 75 of 300. With budgets by head the window is shorter.
    let alone = results.cells.filter {
      $0.length == 200 && $0.compression == 4 && ["snapkv", "streaming-llm"].contains($0.method)
    }
    #expect(
      !alone.isEmpty && alone == results.cells.filter { $0.isProtectedAlone(results.settings) })
    #expect(try report.text("needle.svg").ranges(of: #" opacity="0.4""#).count == alone.count)
    let table = NeedleReport(results, .needle).table
    let row = try #require(table.split(separator: "\n").first { $0.contains("snapkv ×4") })
    #expect(row.contains("/3)") && row.ranges(of: "(").count == 1)
    #expect(table.hasSuffix("all these methods hold the same."))
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
    let report = try TinyReport.shared.get()
    let browser = try #require(Chromium.installed)
    let png = try browser.png(of: report.out + "/index.html", scheme, width: 1100, height: 3000)
    let look = try browser.look(at: png)
    #expect(look.colours > 100, "\(look)")
    #expect((0.02...0.5).contains(look.drawn), "\(look)")
    #expect(scheme == .light ? look.ground > 0.95 : look.ground < 0.15, "\(look)")
  }
}
