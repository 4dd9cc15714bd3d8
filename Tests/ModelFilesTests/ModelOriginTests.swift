import ModelFiles
import TestSupport
import Testing

@Suite("What a model's files say of its origin, and what is no model")
struct ModelOriginTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func gguf(_ metadata: [String: String], rows: Int? = 2) throws -> String {
    var file = RawGGUF(model: "llama", tokens: ["a", "b"], types: [1, 1])
    for (key, value) in metadata { file.metadata[key] = .text(value) }
    file.rows = rows
    return try scratch.write("a.gguf", file.bytes)
  }

  @Test("a GGUF file names its licence, and its repository by an address of the hub")
  func ggufFile() throws {
    let none = try ModelOrigin(path: gguf([:]))
    #expect(none.license == nil && none.repository == nil)
    let own = "https://huggingface.co/owner/name-GGUF"
    let origin = try ModelOrigin(
      path: gguf(["general.license": "apache-2.0", "general.repo_url": own + "/"]))
    #expect(origin.license == "apache-2.0" && origin.repository == "owner/name-GGUF")
    let source = "https://huggingface.co/owner/name"
    let converted = try ModelOrigin(
      path: gguf(["general.repo_url": own, "general.source.repo_url": source]))
    #expect(converted.repository == "owner/name")
    for url in ["https://example.com/owner/name", source + "/tree/main", "name"] {
      #expect(try ModelOrigin(path: gguf(["general.repo_url": url])).repository == nil)
    }
  }

  @Test("a folder has a licence in its page, and the hub's client knows its repository")
  func folder() throws {
    #expect(try ModelOrigin(path: scratch.path("")).license == nil)
    for (page, license) in [
      ("---\nlicense: mit\ntags: [x]\n---\n", "mit"), ("---\r\nlicense: \"mit\"\r\n---\r\n", "mit"),
      ("license: mit\n", nil), ("---\nlicense: mit\n", nil), ("---\n---\nlicense: mit\n", nil),
    ] {
      _ = try scratch.write("README.md", page.utf8)
      #expect(try ModelOrigin(path: scratch.path("")).license == license, "\(page)")
    }
  }

  @Test("what ends in .gguf and is no language model has a reason; what may be one has none")
  func reasons() throws {
    #expect(try ModelFile.reasonAgainst(gguf: gguf([:])) == nil)
    #expect(try ModelFile.reasonAgainst(gguf: gguf(["general.type": "model"])) == nil)
    for (metadata, reason) in [
      (["general.type": "adapter"], "it is an adapter of a model"),
      (["general.type": "imatrix"], "it is an importance matrix"),
      (["general.type": "mmproj"], "it is a projector of pictures"),
      (["general.architecture": "clip"], "it is a projector of pictures"),
    ] {
      #expect(try ModelFile.reasonAgainst(gguf: gguf(metadata)) == reason)
    }
    #expect(
      try ModelFile.reasonAgainst(gguf: gguf([:], rows: nil))
        == "it is a vocabulary without weights")
    let empty = try scratch.write("empty.gguf", [])
    #expect(ModelFile.reasonAgainst(gguf: empty) == "it is an empty file, not a GGUF file")
    // What cannot be read, or breaks off, is for whoever opens it to report.
    #expect(ModelFile.reasonAgainst(gguf: scratch.path("missing.gguf")) == nil)
    let cut = try scratch.write("cut.gguf", bytes(of: gguf([:])).prefix(100))
    #expect(ModelFile.reasonAgainst(gguf: cut) == nil)
  }
}
