import Evaluation
import Foundation
import TestSupport
import Testing

@Suite("How well methods foresee attention")
struct FidelityTests {
  private struct Golden: Decodable {
    struct Cell: Decodable {
      let method: String
      let correlations: [Float]
      let massKept: [[Float]]
      let divergences: [Double]
    }
    let text: String
    let context, continuation: Int
    let compressions: [Int]
    let cells: [Cell]
  }

  /// Keys are held in f16, and one ISA computes in bfloat16. In a text that repeats itself, many
  /// keys are nearly equal, and rounding swaps their ranks.
  @Test(
    "correlation, attention kept and divergence are what transformers' own attention gives",
    arguments: ["plain", nil])
  func golden(kernels: String?) throws {
    let golden: Golden = try Fixtures.json("golden/fidelity.json")
    let (tiny, scratch) = (try TinyFiles.shared.get(), try ScratchFolder())
    let text = try scratch.write("text.txt", golden.text.utf8)
    let result = try Command.run(
      [
        "evaluate", "fidelity", "--model", tiny.model, "--filters", tiny.filters, "--file", text,
        "--context", "\(golden.context)", "--continuation", "\(golden.continuation)",
        "--sequences", "1", "--methods", golden.cells.map(\.method).joined(separator: ","),
        "--recent", "0", "--compressions",
        golden.compressions.map(String.init).joined(separator: ","), "--json",
      ], environment: kernels.map { ["QFILTERS_KERNELS": $0] } ?? [:])
    #expect(result.status == 0, "\(result.error)")
    struct Report: Decodable { let cells: [Golden.Cell] }
    let cells = try result.json(as: Report.self).cells
    #expect(cells.map(\.method) == golden.cells.map(\.method))
    for (cell, expected) in zip(cells, golden.cells) {
      expectClose([cell.correlations], [expected.correlations], within: 0.015, cell.method)
      expectClose(cell.massKept, expected.massKept, within: 0.004, cell.method)
      for (value, expected) in zip(cell.divergences, expected.divergences) {
        #expect(abs(value / expected - 1) < 0.012, "\(cell.method)")
      }
    }
  }

  private func expectClose(
    _ values: [[Float]], _ expected: [[Float]], within tolerance: Float, _ what: String
  ) {
    #expect(values.map(\.count) == expected.map(\.count))
    for (value, expected) in zip(values.joined(), expected.joined()) {
      #expect(abs(value - expected) < tolerance, "\(what)")
    }
  }

  @Test("where no score decides, there is no correlation, and equal figures are in brackets")
  func nothingRanked() throws {
    let (scratch, tiny) = (try ScratchFolder(), try TinyFiles.shared.get())
    let result = try Command.run(
      [
        "evaluate", "fidelity", "--model", tiny.model, "--filters", tiny.filters, "--file",
        tiny.text,
        "--context", "64", "--continuation", "8", "--sequences", "1", "--compressions", "2",
        "--window", "64", "--out", scratch.path("out"),
      ])
    #expect(result.status == 0, "\(result.error)")
    let output = String(decoding: result.output, as: UTF8.self)
    #expect(output.contains("–") && !output.contains("0.000  ("), "\(output)")
    #expect(output.contains("In brackets"), "\(output)")
    let csv = String(decoding: try bytes(of: scratch.path("out/fidelity.csv")), as: UTF8.self)
    #expect(csv.contains("q-filters,0,0,,"), "\(csv)")
  }

  @Test("methods are compared over the contexts that all of them have")
  func comparable() throws {
    let (scratch, tiny) = (try ScratchFolder(), try TinyFiles.shared.get())
    let lines = (0..<40).map { "A line of text to be kept, number \($0 * $0 % 97). " }
    let text = try scratch.write("text", lines.joined().utf8)
    func table(_ options: String...) throws -> [[String]] {
      let result = try Command.run(
        [
          "evaluate", "fidelity", "--model", tiny.model, "--filters", tiny.filters, "--file",
          text, "--context", "100", "--continuation", "8", "--compressions", "1", "--out",
          scratch.path("out"),
        ] + options)
      #expect(result.status == 0, "\(result.error)")
      return String(decoding: result.output, as: UTF8.self).split(separator: "\n")
        .map { $0.split(separator: " ").map(String.init) }
    }
    let two = try table("--sequences", "2", "--methods", "k-norm")
    let one = try table("--sequences", "1", "--methods", "q-filters,k-norm")
    let row = try #require(two.first { $0.first == "k-norm" })
    let shared = try #require(one.first { $0.first == "k-norm" })
    #expect(row[1] == "2" && shared[1] == "1")
    #expect(row[2] != shared[2])
    #expect(one.first { $0.first == "q-filters" }?[1] == "1")
  }

  @Test("usage is checked")
  func usage() throws {
    let tiny = try TinyFiles.shared.get()
    for (options, words) in [
      (["--methods", "recall"], "recall foresees nothing"),
      (["--methods", "h2o"], "h2o is no method"),
      (["--continuation", "\(Fidelity.mostContinuation + 1)"], "--continuation must be"),
      (["--context", "0"], "--context must be"),
      (["--sequences", "0"], "--sequences must be"),
    ] {
      let result = try Command.run(
        [
          "evaluate", "fidelity", "--model", tiny.model, "--filters", tiny.filters, "--file",
          tiny.text,
        ] + options)
      #expect(result.status == 64)
      #expect(result.error.contains(words), "\(result.error)")
    }
  }
}
