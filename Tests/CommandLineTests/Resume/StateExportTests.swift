import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing

@Suite("resume --export writes the cache as it is after an answer")
struct StateExportTests {
  private let tiny: TinyFiles
  private let scratch: ScratchFolder
  private let snapshot: String

  init() throws {
    tiny = try TinyFiles.shared.get()
    scratch = try ScratchFolder()
    snapshot = scratch.path("int8.kvsnap")
    try prefill("int8", to: snapshot)
  }

  private func prefill(_ precision: String, to path: String) throws {
    let made = try Command.run(
      [
        "prefill", "--model", tiny.model, "--filters", tiny.filters, "--prompt-file", tiny.text,
        "--sinks", "2", "--window", "6", "--precision", precision, "--out", path,
      ])
    try #require(made.status == 0, "\(made.error)")
  }

  private func resume(_ path: String?, _ arguments: [String]) throws -> Resumed {
    let result = try Command.run(
      [
        "resume", path ?? snapshot, "--model", tiny.model, "--prompt", " and more of it",
        "--max-tokens",
        "5", "--json",
      ] + arguments)
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test("decompressed: byte for byte what export makes of the turn that was saved")
  func decompressed() throws {
    let (state, exported) = (scratch.path("state.safetensors"), scratch.path("b.safetensors"))
    let (whole, turn) = (scratch.path("f16.kvsnap"), scratch.path("turn.kvsnap"))
    try prefill("f16", to: whole)
    _ = try resume(
      whole, ["--filters", tiny.filters, "--save", turn, "--export", state, "--decompressed"])
    let result = try Command.run("export", turn, exported)
    #expect(result.status == 0, "\(result.error)")
    #expect(try bytes(of: state).count > 1000)
    #expect(try bytes(of: state) == bytes(of: exported))
  }

  @Test("×N that is held quantised: the pairs of ×N as export has them, followed by the new ones")
  func compressed() throws {
    let path = scratch.path("state.safetensors")
    let resumed = try resume(nil, ["--compression", "3", "--export", path])
    let state = try Tensors(path)
    let chain = try SnapshotChain(path: snapshot)
    var pairs = 0
    for layer in 0..<chain.metadata.context.layers {
      for (head, old) in try chain.readLayer(layer, compression: 3).heads.enumerated() {
        let name = "layer\(layer).head\(head)"
        let positions = state.words("\(name).positions")
        #expect(positions.starts(with: old.positions))
        #expect(positions == positions.sorted() && Set(positions).count == positions.count)
        #expect(state.bytes("\(name).keys").starts(with: old.keys))
        #expect(state.bytes("\(name).values").starts(with: old.values))
        pairs += positions.count
      }
    }
    let heads = chain.metadata.context.layers * chain.metadata.context.kvHeads
    #expect(pairs == resumed.pairs + heads * resumed.ids.count)
    let tokens = state.words("tokens")
    #expect(tokens.starts(with: chain.metadata.tokens))
    #expect(tokens.suffix(resumed.ids.count) == resumed.ids.map(UInt32.init)[...])
  }

  @Test(
    "recall and a budget: as many pairs as are held, at true positions",
    arguments: [["--recall", "4"], ["--budget", "20", "--window", "8", "--method", "k-norm"]])
  func chosen(options: [String]) throws {
    let path = scratch.path("state.safetensors")
    let resumed = try resume(nil, ["--export", path] + options)
    let state = try Tensors(path)
    let (context, end) = (
      try SnapshotChain(path: snapshot).metadata.context, state.words("tokens").count
    )
    for layer in 0..<context.layers {
      for head in 0..<context.kvHeads {
        let positions = state.words("layer\(layer).head\(head).positions")
        #expect(positions == positions.sorted() && Set(positions).count == positions.count)
        #expect(positions.last == UInt32(end - 1))
        #expect(positions.count < end / 2)
        let keys = state.bytes("layer\(layer).head\(head).keys")
        #expect(keys.count == positions.count * context.keyLength * 2)
      }
    }
    #expect(resumed.ids.count == 5)
  }

  @Test("another ending: 64; a folder that is not there: 74, before the work")
  func refusals() throws {
    for (path, status) in [("state.bin", 64), ("no/state.safetensors", 74)] {
      let result = try Command.run(
        [
          "resume", snapshot, "--model", tiny.model, "--prompt", "x", "--export",
          scratch.path(path),
        ])
      #expect(result.status == Int32(status), "\(result.error)")
      #expect(result.output.isEmpty)
    }
  }
}

/// The tensors of a safetensors file.
private struct Tensors {
  /// `__metadata__` has no offsets.
  private struct Entry: Decodable { let data_offsets: [Int]? }

  private let entries: [String: Entry]
  private let data: [UInt8]

  init(_ path: String) throws {
    let file = try TestSupport.bytes(of: path)
    let length = Self.number(file.prefix(8))
    entries = try JSONDecoder().decode([String: Entry].self, from: Data(file[8..<8 + length]))
    data = Array(file[(8 + length)...])
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  func bytes(_ name: String) -> [UInt8] {
    entries[name]?.data_offsets.map { Array(data[$0[0]..<$0[1]]) } ?? []
  }

  func words(_ name: String) -> [UInt32] {
    let bytes = bytes(name)
    return stride(from: 0, to: bytes.count, by: 4).map { UInt32(Self.number(bytes[$0..<$0 + 4])) }
  }
}
