import Foundation
import TestSupport
import Testing

@Suite("A document that is blank where the chat template leaves out blanks")
struct BlankTextTests {
  @Test("the message is one sentence, and nothing is written")
  func blank() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path("model")
    try FileManager.default.copyItem(
      atPath: Fixtures.path("models/tiny-llama-f32"), toPath: path)
    try Data(bytes(of: Fixtures.path("chat/gemma-3.jinja"))).write(
      to: URL(filePath: path + "/chat_template.jinja"))
    let out = scratch.path("a.kvsnap")
    let blank = try scratch.write("blank.txt", "\n".utf8)
    let refused = try Command.run(
      [
        "prefill", "--model", path, "--method", "k-norm", "--chat", "--prompt-file", blank, "--out",
        out,
      ])
    #expect(refused.status == 64)
    #expect(
      refused.error.hasPrefix(
        "qfilters: the document is blank, and the chat template trims the ends of a turn"
      ))
    #expect(!FileManager.default.fileExists(atPath: out))
  }
}
