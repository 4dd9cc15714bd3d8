import Foundation
import TestSupport
import Testing

@Suite("A text comes from a file, a pipe or standard input, and is the same text")
struct TextInputTests {
  private let tiny = Fixtures.path("models/tiny-llama-f32.gguf")
  private let scratch: ScratchFolder
  private let text: String

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write("text", Array("What a text – from wherever.".utf8))
  }

  private func shell(_ script: String) throws -> Command.Result {
    try Command.shell("set -o pipefail; model='\(tiny)' text='\(text)'\n\(script)")
  }

  @Test(
    "in every command that reads one",
    arguments: [
      #"tokenize --model "$model" --file"#,
      #"generate --model "$model" --max-tokens 3 --prompt-file"#,
      #"evaluate perplexity --model "$model" --tokens 8 --file"#,
    ])
  func sources(_ command: String) throws {
    let expected = try shell(#"$qfilters \#(command) "$text""#)
    #expect(expected.status == 0, "\(expected.error)")
    for script in [
      #"cat "$text" | $qfilters \#(command) -"#,
      #"$qfilters \#(command) - <"$text""#,
      #"cat "$text" | $qfilters \#(command) /dev/stdin"#,
      #"$qfilters \#(command) <(head -c 9 "$text"; sleep 0.1; tail -c +10 "$text")"#,
      #"mkfifo "$text.pipe"; (sleep 0.1; cat "$text" >"$text.pipe") & "#
        + #"$qfilters \#(command) "$text.pipe""#,
    ] {
      let result = try shell(script)
      #expect(result.status == 0 && result.output == expected.output, "\(script): \(result.error)")
      _ = try? shell(#"rm -f "$text.pipe""#)
    }
  }

  @Test("a prompt also as --prompt -, for generate and resume; a document for prefill")
  func prompts() throws {
    let generate = #"$qfilters generate --model "$model" --max-tokens 3"#
    let expected = try shell(#"\#(generate) --prompt-file "$text""#)
    let piped = try shell(#"cat "$text" | \#(generate) --prompt -"#)
    #expect(piped.status == 0 && piped.output == expected.output)
    let resumed = try shell(
      #"""
      cd '\#(scratch.path(""))'
      $qfilters prefill --model "$model" --method k-norm --prompt-file "$text" --out a.kvsnap
      cat "$text" |
        $qfilters prefill --model "$model" --method k-norm --prompt-file - --out b.kvsnap
      cmp a.kvsnap b.kvsnap &&
        cmp <($qfilters resume a.kvsnap --model "$model" --max-tokens 3 --prompt 'And?') \
          <(printf 'And?' | $qfilters resume a.kvsnap --model "$model" --max-tokens 3 --prompt -)
      """#)
    #expect(resumed.status == 0, "\(resumed.error)")
  }

  @Test("what is no text is rejected as in a file")
  func refusals() throws {
    let generate = #"$qfilters generate --model "$model" --prompt -"#
    for (script, status, reason) in [
      (#"printf 'ab\xffc' | \#(generate)"#, Int32(65), "standard input: not UTF-8 text at byte 2"),
      (#"\#(generate) </dev/null"#, 64, "standard input is empty"),
      (#"\#(generate) <&-"#, 74, "cannot read standard input: bad file descriptor"),
      (#"\#(generate) </"#, 74, "cannot read standard input: is a directory"),
    ] {
      let result = try shell(script)
      #expect(
        result.status == status && result.error.contains(reason), "\(script): \(result.error)")
      #expect(result.output.isEmpty)
    }
  }

  @Test("and what never ends is given up at the limit")
  func endless() throws {
    let result = try shell(#"$qfilters tokenize --model "$model" --file - </dev/zero"#)
    #expect(result.status == 1 && result.error.contains("more than 1073741824 bytes"))
  }
}
