import Foundation
import FoundationXML
import TestSupport
import Testing

@Suite("A needle in a haystack")
struct NeedleTests {
  private struct Report: Decodable {
    struct Cell: Decodable {
      let tokens, compression, pairs: Int
      let depth: Double
      let method: String
      let found: Bool
    }

    let cells: [Cell]
  }

  @Test(
    "every method and compression has its cell; recall finds what the whole cache finds", .realModel
  )
  func cells() throws {
    let documents = try Documents.shared.get()
    let scratch = try ScratchFolder()
    let folder = scratch.path("report")
    let result = try Command.run(
      [
        "evaluate", "needle", "--model", Demo.model, "--filters", documents.filters, "--haystack",
        URL(filePath: Demo.essay("love")).deletingLastPathComponent().path, "--lengths", "600",
        "--depths", "2", "--compressions", "8", "--methods",
        "full,q-filters,snapkv,expected-attention,streaming-llm,k-norm,keydiff,random,recall",
        "--needle",
        "Captain Elena Voss hid the treasure map inside a violin case.", "--question",
        "Where did Captain Elena Voss hide the treasure map?", "--answer", "violin", "--out",
        folder,
        "--json",
      ])
    #expect(result.status == 0, "\(result.error)")
    let cells = try result.json(as: Report.self).cells
    #expect(cells.count == 18)
    #expect(Set(cells.map(\.depth)) == [0, 1])
    for cell in cells where ["full", "recall"].contains(cell.method) && cell.depth == 0 {
      #expect(cell.found, "\(cell)")
    }
    for cell in cells where cell.method != "full" {
      #expect(cell.pairs <= 90 * (cell.tokens / 8 + 40), "\(cell)")
    }
    let csv = String(decoding: try bytes(of: folder + "/needle.csv"), as: UTF8.self)
    #expect(csv.hasPrefix("length,tokens,depth,method,compression,found,score,pairs,text\n600,"))
    #expect(try bytes(of: folder + "/needle.svg").starts(with: Array("<svg".utf8)))
    #expect(XMLParser(data: Data(try bytes(of: folder + "/needle.svg"))).parse())
  }

  @Test("an unknown method and an empty haystack are named", .realModel)
  func refusals() throws {
    let documents = try Documents.shared.get()
    let scratch = try ScratchFolder()
    func run(_ haystack: String, _ methods: String) throws -> Command.Result {
      try Command.run(
        [
          "evaluate", "needle", "--model", Demo.model, "--filters", documents.filters, "--haystack",
          haystack, "--methods", methods,
        ])
    }
    let unknown = try run(scratch.path("."), "h2o")
    #expect(unknown.status == 64)
    #expect(unknown.error.contains("h2o is no method"))
    let empty = try run(scratch.path("."), "full")
    #expect(empty.status != 0)
    #expect(empty.error.contains("haystack") && empty.error.contains("*.txt"), "\(empty.error)")
  }

  @Test("a link in a haystack that leads nowhere is named, not left out: 64")
  func danglingLink() throws {
    let scratch = try ScratchFolder()
    let tiny = try TinyFiles.shared.get()
    _ = try scratch.write("a.txt", "first".utf8)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("b.txt"), withDestinationPath: "nowhere")
    let result = try Command.run(
      [
        "evaluate", "needle", "--model", tiny.model, "--filters", tiny.filters, "--haystack",
        scratch.path(""),
      ])
    #expect(result.status == 64)
    #expect(result.error.contains("b.txt is not a regular file"), "\(result.error)")
  }
}
