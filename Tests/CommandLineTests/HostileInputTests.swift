import Foundation
import TestSupport
import Testing

@Suite("Input that is well formed and cannot be used is refused, not trapped on")
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

  @Test("filters of another shape under the right identity: 65, naming the section")
  func filtersOfAnotherShape() throws {
    let text = try scratch.write("t.txt", String(repeating: "Some lines.\n", count: 20).utf8)
    let whole = try bytes(of: try scratch.filters(of: tiny, corpus: text))
    // What stands beside the filters is left out: it would speak first.
    let needed = try Directory.read(whole).filter { $0.name.first?.isUppercase ?? false }
    let sections = needed.map { section in
      var bytes = Array(whole[section.offset..<section.offset + section.length])
      if section.name == "FILT" {
        // One layer less, in the first field and in the number of values.
        bytes[0] -= 1
        bytes.removeLast((bytes.count - 16) / 2)
      }
      return (type: section.name, bytes: bytes)
    }
    let kind = String(decoding: whole[8..<12], as: UTF8.self)
    let path = try scratch.write(
      "other.qfilt", RawContainer(kind: kind, sections: sections).bytes)
    let out = scratch.path("no.kvsnap")
    expect(
      try Command.run(
        "prefill", "--model", tiny, "--filters", path, "--prompt-file", text, "--out", out),
      status: 65, "FILT")
    #expect(!scratch.contents.contains("no.kvsnap"))
  }
}
