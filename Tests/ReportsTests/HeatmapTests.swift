import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing

@testable import Reports

@Suite("A heat map shows which positions survive in which head")
struct HeatmapTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private let eight = HandMadeSnapshot(
    tokens: 8, rankings: [[7, 0, 1, 2, 3, 4, 5, 6], [1, 3, 5, 7, 0, 2, 4, 6]])

  private func draw(
    _ snapshot: HandMadeSnapshot, compression: Int, columns: Int, rows: Int = 100,
    name: String = "x"
  ) throws -> DrawnHeatmap {
    let path = scratch.path("hand.kvsnap")
    try snapshot.write(to: path)
    let map = try SurvivalMap(
      SnapshotChain(path: path), compression: compression, columns: columns, rows: rows)
    let drawing = HeatmapDrawing(map: map, name: name, sinks: 4, window: 64)
    return try DrawnHeatmap(Data(drawing.svg.utf8), columns: map.positions.count)
  }

  @Test("a position of a head is drawn in the last shade if it is kept, and not at all if not")
  func kept() throws {
    let drawn = try draw(eight, compression: 2, columns: 8)
    #expect(drawn.rows == [[8, 8, 8, 0, 0, 0, 0, 8], [0, 8, 0, 8, 0, 8, 0, 8]])
    #expect(
      drawn.texts.contains(
        "A column is one position, a row one KV head; "
          + "each layer's heads are in order, from the top."))
  }

  @Test("a cell of many positions and heads has the shade of the share that is kept, rounded up")
  func shares() throws {
    // 3 and 2 of the first four positions survive, 1 and 2 of the last four.
    #expect(try draw(eight, compression: 2, columns: 2).rows == [[6, 2], [4, 4]])
    #expect(try draw(eight, compression: 2, columns: 2, rows: 1).rows == [[5, 3]])
    // Columns of three, three and two positions; of the last head one in eight: 1/3 is shade 3.
    #expect(try draw(eight, compression: 8, columns: 3).rows == [[0, 0, 4], [3, 0, 0]])
  }

  @Test("a bar next to each row is the share that is kept, if heads have budgets of their own")
  func budgets() throws {
    let path = scratch.path("hand.kvsnap")
    var snapshot = eight
    #expect(try !svg(snapshot, at: path).contains("share kept"))
    snapshot.budgets = TierTable.ratios(at: 1).map {
      $0 == 1 ? [8, 8] : $0 > 2 ? [1, 1] : [2, 6]
    }
    let drawn = try svg(snapshot, at: path)
    #expect(drawn.contains("share kept"))
    // A quarter and three quarters of 100 pixels, in the middle of rows of 40 pixels.
    #expect(drawn.contains(#"d="M0 20.0h25.0M0 60.0h75.0""#))
  }

  private func svg(_ snapshot: HandMadeSnapshot, at path: String) throws -> String {
    try snapshot.write(to: path)
    let map = try SurvivalMap(SnapshotChain(path: path), compression: 2, columns: 8, rows: 100)
    return HeatmapDrawing(map: map, name: "x", sinks: 4, window: 64).svg
  }

  @Test("layers follow each other from the top, each with its number")
  func layers() throws {
    var snapshot = eight
    snapshot.layers = 3
    let drawn = try draw(snapshot, compression: 4, columns: 8)
    let layer = [[8, 0, 0, 0, 0, 0, 0, 8], [0, 8, 0, 8, 0, 0, 0, 0]]
    #expect(drawn.rows == layer + layer + layer)
    for label in ["layer", "0", "1", "2", "token position"] { #expect(drawn.texts.contains(label)) }
  }

  @Test("one layer of one head, one token and no token are drawn too")
  func small() throws {
    let one = try draw(
      HandMadeSnapshot(tokens: 1, rankings: [[0]]), compression: 1, columns: 900)
    #expect(one.rows == [[8]])
    #expect(
      one.texts.contains {
        $0.hasPrefix("1 token in 1 layer × 1 KV head; ×1 keeps 1 of 1 pairs (100.0 %)")
      })
    let none = try draw(HandMadeSnapshot(tokens: 0, rankings: [[]]), compression: 1, columns: 900)
    #expect(none.rows.isEmpty)
    #expect(none.texts.contains("no tokens, so nothing to keep"))
  }

  @Test("many layers and heads stay small enough to look at")
  func large() throws {
    let ranking = (0..<1000 as Range<UInt32>).map { $0 * 503 % 1000 }
    let many = HandMadeSnapshot(
      layers: 90, tokens: 1000, rankings: [[UInt32]](repeating: ranking, count: 32))
    let path = scratch.path("many.kvsnap")
    try many.write(to: path)
    let out = scratch.path("many.svg")
    try Heatmap(SnapshotChain(path: path), compression: 2).write(to: out)
    let drawn = try DrawnHeatmap(Data(try bytes(of: out)), columns: 500)
    #expect(drawn.rows.count == 90 * 11)
    #expect(drawn.height < 3_000)
  }

  @Test("what a file's name holds is text, whatever it is")
  func names() throws {
    let name = "<a href=\"&\">\u{1B}[2J\u{FFFF}é.kvsnap"
    let drawn = try draw(eight, compression: 2, columns: 8, name: name)
    #expect(drawn.texts.first == "<a href=\"&\">\\u{1B}[2J\u{FFFD}é.kvsnap, ×2")
  }

  @Test("without --compression it is ×8, or the least that is stored if that is more")
  func usualCompression() throws {
    let path = scratch.path("hand.kvsnap")
    for (stored, shown) in [(1, 8), (3, 8), (8, 8), (16, 16)] {
      var snapshot = eight
      snapshot.compression = stored
      try snapshot.write(to: path)
      let map = try Heatmap(SnapshotChain(path: path), compression: nil)
      #expect(map.compression == shown)
    }
  }
}
