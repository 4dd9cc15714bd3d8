import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing

@Suite("Input that is well formed but cannot be used is rejected, without a trap")
struct HostileInputTests {
  private let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func expect(_ result: Command.Result, status: Int32, _ part: String) {
    #expect(result.signal == nil)
    #expect(result.status == status, "\(result.error)")
    #expect(result.error.contains(part), "\(result.error)")
  }

  @Test("standard output on a full disk: 74")
  func fullOutput() throws {
    let result = try Command.shell(
      "exec $qfilters generate --model '\(tiny)' --prompt x --max-tokens 4 --json > /dev/full")
    expect(result, status: 74, "standard output")
  }

  @Test("a text of a terabyte that takes no space: 1, before any memory is taken")
  func sparseText() throws {
    let path = try scratch.write("sparse.txt", [])
    try setLength(of: path, to: 1 << 40)
    expect(
      try Command.run("generate", "--model", tiny, "--prompt-file", path), status: 1, "sparse.txt")
  }

  @Test("weights that are not numbers: 1, instead of an answer")
  func weightsThatAreNotNumbers() throws {
    var model = try bytes(of: tiny)
    for index in model.indices.suffix(256) { model[index] = 0xFF }
    let path = try scratch.write("nan.gguf", model)
    expect(try Command.run("generate", "--model", path, "--prompt", "x"), status: 1, "finite")
  }

  @Test("a tensor that the forward pass does not know: 1, by name")
  func unknownTensor() throws {
    // Without its own output matrix a model is whole: nothing but the new name is wrong.
    var model = try bytes(of: Fixtures.path("models/tiny-llama-output.gguf"))
    let name = RawContainer.field(UInt64(13)) + Array("output.weight".utf8)
    let found = try #require(model.firstRange(of: name), "the fixture changed")
    model.replaceSubrange(found.suffix(13), with: "output.weighs".utf8)
    let path = try scratch.write("unknown.gguf", model)
    expect(
      try Command.run("generate", "--model", path, "--prompt", "x"), status: 1, "output.weighs")
  }

  /// The tiny model's filter bank, and the same with other filters in the place of its own.
  private func filters(_ shape: [UInt32], of text: String) throws -> String {
    let whole = try bytes(of: try scratch.filters(of: tiny, corpus: text))
    // What is next to the filters is left out: it would be reported first.
    let needed = try Directory.read(whole).filter { $0.name.first?.isUppercase ?? false }
    let sections = needed.map { section in
      var bytes = Array(whole[section.offset..<section.offset + section.length])
      if section.name == "FILT" {
        let values = [UInt32](
          repeating: Float(0.5).bitPattern, count: shape.reduce(1) { $0 * Int($1) })
        bytes.replaceSubrange(0..<12, with: shape.flatMap { RawContainer.field($0) })
        bytes.replaceSubrange(16..., with: values.flatMap { RawContainer.field($0) })
      }
      return (type: section.name, bytes: bytes)
    }
    let kind = String(decoding: whole[8..<12], as: UTF8.self)
    return try scratch.write("other.qfilt", RawContainer(kind: kind, sections: sections).bytes)
  }

  @Test(
    "filters of another shape under the right identity: 65, naming the section",
    arguments: [[1, 2, 16], [2, 1, 16], [2, 2, 48], [3, 4, 8]] as [[UInt32]])
  func filtersOfAnotherShape(shape: [UInt32]) throws {
    let files = try TinyFiles.shared.get()
    let path = try filters(shape, of: files.text)
    let haystack = try ScratchFolder()
    _ = try haystack.write(
      "hay.txt", String(repeating: "A line of hay in a stack of it.\n", count: 60).utf8)
    let out = scratch.path("no.kvsnap")
    let commands: [[String]] = [
      ["prefill", "--prompt-file", files.text, "--out", out],
      ["generate", "--prompt", "A line of it", "--budget", "4"],
      ["resume", files.snapshot, "--prompt", "x", "--budget", "4", "--compression", "32"],
      ["resume", files.snapshot, "--prompt", "x", "--compression", "32", "--save", out],
      [
        "evaluate", "perplexity", "--file", files.text, "--tokens", "80", "--budget", "4",
        "--window", "2",
      ],
      ["evaluate", "perplexity", "--file", files.text, "--tokens", "80", "--prompt-tokens", "40"],
      [
        "evaluate", "fidelity", "--file", files.text, "--context", "40", "--continuation", "8",
        "--sequences", "1",
      ],
      ["evaluate", "needle", "--haystack", haystack.path(""), "--lengths", "128"],
    ]
    for arguments in commands {
      expect(
        try Command.run(arguments + ["--model", tiny, "--filters", path]), status: 65, "FILT")
    }
    #expect(!scratch.contents.contains("no.kvsnap"))
  }

  @Test("a prompt for which a vocabulary has no token: 64, with a budget too", .realModel)
  func noToken() throws {
    let path = try scratch.write("control.txt", [4])
    for budget in [[], ["--budget", "8", "--method", "k-norm"]] {
      expect(
        try Command.run(["generate", "--model", Demo.model, "--prompt-file", path] + budget),
        status: 64, "empty")
    }
  }

  @Test("a snapshot whose keys and values differ in type: 65, and why")
  func mixedTypes() throws {
    let reader = try SnapshotReader(path: TinyFiles.shared.get().snapshot)
    var metadata = reader.metadata
    metadata.context.valueCodec = .float32
    let path = scratch.path("mixed.kvsnap")
    var writer = try SnapshotWriter(path: path, metadata: metadata)
    for tier in 0..<metadata.tiers.tierCount {
      for layer in 0..<metadata.context.layers {
        let positions = try reader.readChunk(tier: tier, layer: layer, tensor: .positions)
        let keys = try reader.readChunk(tier: tier, layer: layer, tensor: .keys)
        let pairs = metadata.tiers.pairs(tier: tier, layer: layer)
        let values = [UInt8](repeating: 0, count: 4 * pairs * metadata.context.valueLength)
        try writer.append([
          PairBlock(
            positions: (0..<pairs).map { UInt32(positions[4 * $0]) }, keys: keys, values: values)
        ])
      }
    }
    _ = try writer.finish()
    expect(
      try Command.run(["resume", path, "--model", tiny, "--prompt", "x", "--compression", "32"]),
      status: 65, "keys in f16 and values in f32")
  }
}
