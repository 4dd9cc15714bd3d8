import Foundation
import TestSupport
import Testing

@testable import QFiltersCLI

@Suite("Arguments as people type them")
struct ArgumentTests {
  private let tiny = Fixtures.path("models/tiny-llama-f32.gguf")

  @Test(
    "a value that begins with a dash belongs to its option if it has a space in it or is a number",
    arguments: [
      (["--prompt", "- a list item"], ["--prompt=- a list item"]),
      (["--prompt", "---\ntitle: x"], ["--prompt=---\ntitle: x"]),
      (["--temperature", "-1"], ["--temperature=-1"]),
      (["--prompt", "-1.5e3", "--json"], ["--prompt=-1.5e3", "--json"]),
      (["--prompt", "-x"], ["--prompt", "-x"]),
      (["--prompt", "-"], ["--prompt", "-"]),
      (["--prompt=x", "- y"], ["--prompt=x", "- y"]),
      (["--prompt", "- x", "- y"], ["--prompt=- x", "- y"]),
      (["a", "- b"], ["a", "- b"]),
      (["--json", "--prompt=- a list item"], ["--json", "--prompt=- a list item"]),
      (["--prompt", "- a = b"], ["--prompt=- a = b"]),
      (["--", "--prompt", "- x"], ["--", "--prompt", "- x"]),
    ])
  func dashes(_ typed: [String], _ parsed: [String]) {
    #expect(Arguments.joined(typed) == parsed)
  }

  @Test(
    "such a prompt is the prompt; any other that begins with a dash is rejected with its spelling")
  func dashedPrompts() throws {
    func generate(_ prompt: String...) throws -> Command.Result {
      try Command.run(["generate", "--model", tiny, "--max-tokens", "1", "--json"] + prompt)
    }
    struct Report: Decodable { let promptTokens: Int }
    let joined: Report = try generate("--prompt=- a list item").json()
    let apart: Report = try generate("--prompt", "- a list item").json()
    #expect(joined.promptTokens == 11 && apart.promptTokens == 11)
    for value in ["-x", "--json", "---", "--", "--modle", "--it's"] {
      let result = try generate("--prompt", value)
      #expect(result.status == 64)
      #expect(result.error.contains("write --prompt='-"), "\(result.error)")
    }
    #expect(try generate("--prompt", "--it's").error.contains(#"--prompt='--it'\''s'"#))
  }

  @Test("bytes that are not UTF-8 are rejected, never changed; the message names the option")
  func bytes() throws {
    func refusal(_ arguments: [String]) -> String {
      let bytes = arguments.map { argument in
        argument.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      }
      do {
        return "\(try Arguments.text(bytes))"
      } catch {
        return "\(error)"
      }
    }
    #expect(refusal(["a", "--b=c"]) == #"["a", "--b=c"]"#)
    #expect(
      refusal(["generate", "--prompt", "caf\u{E9}"]).hasPrefix(
        #"the value of --prompt is not UTF-8 at byte 3: caf\xE9;"#))
    #expect(
      refusal(["--out=/\u{E9}t\u{E9}"]).hasPrefix(
        #"the value of --out is not UTF-8 at byte 1: /\xE9t\xE9;"#))
    #expect(
      refusal(["inspect", "\u{E9}.kvsnap"]).hasPrefix(
        #"argument 2 is not UTF-8 at byte 0: \xE9.kvsnap;"#))
    #expect(refusal(["\u{ED}\u{A0}\u{80}"]).contains(#"\xED\xA0\x80"#))
    let long = refusal([String(repeating: "x", count: 200) + "\u{E9}"])
    #expect(long.contains("at byte 200") && long.count < 200)
  }

  @Test(
    "in every place: 64 and one sentence that says UTF-8",
    arguments: [
      #"generate --model "$model" --prompt $'caf\xe9'"#,
      #"generate --model "$model" --prompt=$'caf\xe9'"#,
      #"generate --model "$model" --prompt-file "$folder/"$'caf\xe9.txt'"#,
      #"inspect "$folder/"$'caf\xe9.txt'"#,
      #"evaluate needle --model "$model" --filters x --haystack x --needle $'caf\xe9'"#,
      #"conformance "$folder" -- $'caf\xe9'"#,
    ])
  func notUTF8(_ arguments: String) throws {
    let folder = try ScratchFolder()
    let result = try Command.shell(
      """
      cd '\(folder.path(""))' && model='\(tiny)' folder=$PWD
      echo text >$'caf\\xe9.txt'
      exec $qfilters \(arguments)
      """)
    #expect(result.status == 64)
    #expect(result.error.hasPrefix("qfilters: ") && result.error.contains("is not UTF-8"))
    #expect(result.error.split(separator: "\n").count == 1)
  }

  @Test("a file in a folder whose name is not UTF-8 is named, and nothing takes a link's place")
  func namesInFolders() throws {
    let folder = try ScratchFolder()
    let zoo = try Command.shell(
      """
      cd '\(folder.path(""))'; mkdir zoo zoo/$'caf\\xe9'; echo x > text
      $qfilters zoo zoo --corpus text; code=$?
      ln -s $'caf\\xe9.kvsnap' link.kvsnap
      $qfilters prefill --model '\(tiny)' --method k-norm --prompt-file text --out link.kvsnap
      [ $? = 74 ] && [ -h link.kvsnap ] && exit $code
      """)
    #expect(zoo.status == 1)
    #expect(zoo.error.contains("if its name is not UTF-8, rename it"), "\(zoo.error)")
    #expect(zoo.error.contains("its target's name is not UTF-8"), "\(zoo.error)")
  }

  @Test("a result never gets the descriptor of a closed standard stream")
  func closedStreams() throws {
    let folder = try ScratchFolder()
    let text = try folder.write("text", Array("A line of text.\n".utf8))
    let prefill = "$qfilters prefill --model '\(tiny)' --method k-norm --prompt-file '\(text)'"
    let result = try Command.shell(
      """
      \(prefill) --out '\(folder.path("a.kvsnap"))' 0<&- 2>&- | cat >/dev/null
      \(prefill) --out '\(folder.path("b.kvsnap"))' 0<&- 1>&- 2>&-
      [ $? = 74 ] && $qfilters verify '\(folder.path("a.kvsnap"))' '\(folder.path("b.kvsnap"))'
      """)
    #expect(result.status == 0, "\(result.error)")
  }
}
