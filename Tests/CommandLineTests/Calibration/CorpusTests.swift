import Foundation
import TestSupport
import Testing

@Suite("Calibration corpora", .serialized)
struct CorpusTests {
  private let scratch: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")
  private let documents = (1...30).map {
    "Document \($0), \"naïve\" — 東京.\nIts second line \($0 * 7)."
  }

  init() throws { scratch = try ScratchFolder() }

  private func jsonLines(_ field: String = "text") throws -> String {
    try documents.map { document in
      String(decoding: try JSONEncoder().encode(["id": "x", field: document]), as: UTF8.self) + "\n"
    }.joined()
  }

  private func compressed(_ path: String) throws -> String {
    let script = """
      import sys, zstandard
      data = open(sys.argv[1], "rb").read()
      half = len(data) // 2
      frames = [zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:])]
      open(sys.argv[1] + ".zst", "wb").write(b"".join(frames))
      """
    let result = try Command.shell("'\(Command.python)' -c '\(script)' '\(path)'")
    guard result.status == 0 else { throw CommandFailed(message: result.error) }
    return path + ".zst"
  }

  private func precompute(_ corpus: String, options: [String] = []) throws -> Command.Result {
    try precompute([corpus], options: options)
  }

  private func precompute(_ corpus: [String], options: [String]) throws -> Command.Result {
    try Command.run(
      ["precompute", "--model", model, "--sequences", "6", "--length", "60"] + options
        + ["--out", scratch.path("out.qfilt"), "--corpus"] + corpus)
  }

  /// The different filter banks of several corpora, each with options.
  private func banks(
    _ corpora: [(files: [String], options: [String])]
  ) throws -> Set<[UInt8]> {
    var banks: Set<[UInt8]> = []
    for (files, options) in corpora {
      let result = try precompute(files, options: options)
      #expect(result.status == 0, "\(files): \(result.error)")
      banks.insert(try bytes(of: scratch.path("out.qfilt")))
      try FileManager.default.removeItem(atPath: scratch.path("out.qfilt"))
    }
    return banks
  }

  @Test(
    "the same text gives the same bytes, whether a text, JSON Lines, or either of them compressed")
  func forms() throws {
    let joined = documents.joined(separator: "\n\n")
    let text = try scratch.write("a.txt", joined.utf8)
    let lines = try scratch.write("a.jsonl", jsonLines().utf8)
    let body = try scratch.write("b.jsonl", jsonLines("body").replacing("\n", with: "\r\n\n").utf8)
    let one = try scratch.write("1.txt", documents[..<9].joined(separator: "\n\n").utf8)
    let two = try scratch.write("2.txt", documents[9...].joined(separator: "\n\n").utf8)
    let banks = try banks([
      ([text], []), ([lines], []), ([try compressed(text)], []), ([try compressed(lines)], []),
      ([body], ["--field", "body"]), ([one, two], []), ([try compressed(one), two], []),
    ])
    #expect(banks.count == 1)
  }

  @Test("JSON Lines are known by every usual ending, a byte order mark is no text")
  func endings() throws {
    let lines = Array(try jsonLines().utf8)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let first = try scratch.write("a.jsonl", lines)
    let text = try scratch.write("marked.txt", mark + documents.joined(separator: "\n\n").utf8)
    let upper = scratch.path("A.NDJSON.ZST")
    try FileManager.default.moveItem(atPath: compressed(first), toPath: upper)
    let other = scratch.path("b.jsonl.zstd")
    try FileManager.default.copyItem(atPath: upper, toPath: other)
    let corpora = [
      first, try scratch.write("a.JSONL", lines), try scratch.write("a.ndjson", lines),
      try scratch.write("a.Json", mark + lines), try scratch.write("a.jsonlines", lines),
      try scratch.write("a.jl", lines), try scratch.write("a.ldjson", lines), upper, other, text,
      try compressed(text),
    ]
    let banks = try banks(corpora.map { ([$0], []) })
    #expect(banks.count == 1)
  }

  @Test("other JSON than lines, and UTF-16, are named for what they are")
  func otherEncodings() throws {
    for (name, content, problem) in [
      ("list.json", Array("[\n{\"text\": \"a\"}\n]".utf8), "JSON Lines are needed"),
      ("one.json", Array("\n{\n\"text\": \"a\"\n}".utf8), "JSON Lines are needed"),
      ("wide.txt", [0xFF, 0xFE, 0x61, 0], "is UTF-16"),
      ("wide.jsonl", [0xFE, 0xFF, 0, 0x7B], "is UTF-16"),
    ] {
      let result = try precompute(scratch.write(name, content))
      #expect(result.status == 65 && result.error.contains(problem), "\(result.error)")
    }
    let mark = try precompute(scratch.write("mark.txt", [0xEF, 0xBB, 0xBF]))
    #expect(mark.status == 64 && mark.error.contains("mark.txt is empty"), "\(mark.error)")
  }

  @Test("too little text, or a sequence that is too long: how many tokens, and which option helps")
  func lengths() throws {
    let text = try scratch.write("a.txt", "There is little of this.".utf8)
    let short = try precompute(text)
    #expect(
      short.status == 1 && short.error.contains("but 360 are needed")
        && short.error.contains("--sequences or --length"), "\(short.error)")
    let long = try precompute(text, options: ["--length", "600"])
    #expect(
      long.status == 1 && long.error.contains("600 tokens do not fit the model's context of 512")
        && long.error.contains("--length"), "\(long.error)")
    let prompt = try scratch.write("p.txt", String(repeating: "word ", count: 600).utf8)
    let generated = try Command.run(
      "generate", "--model", model, "--prompt-file", prompt)
    #expect(generated.status == 1 && generated.error.contains("at most 511 fit"))
    #expect(generated.error.contains("--budget"), "\(generated.error)")
  }

  @Test("a corrupt line is named by file and number, and so is one without the field")
  func corruptLines() throws {
    let good = try jsonLines()
    for (name, line, problem) in [
      ("cut", "{\"text\": \"abc", "the JSON ends within a text"),
      ("list", "[1]", "it is no JSON object"),
      ("other", "{\"body\": \"abc\"}", "text is missing"),
      ("number", "{\"text\": 1}", "text is no text"),
    ] {
      let path = try scratch.write("\(name).jsonl", (good + line + "\n" + good).utf8)
      for corpus in [path, try compressed(path)] {
        // More than there is before the line.
        let result = try precompute(corpus, options: ["--sequences", "30"])
        #expect(result.status == 65, "\(result.error)")
        #expect(result.error.contains("\(corpus): line 31"), "\(result.error)")
        #expect(result.error.contains(problem), "\(result.error)")
      }
    }
    let path = try scratch.write("bytes.jsonl", Array(good.utf8) + [0x22, 0xFF, 0x0A])
    let result = try precompute(path, options: ["--sequences", "30"])
    #expect(result.status == 65 && result.error.contains("line 31"), "\(result.error)")
    #expect(!scratch.contents.contains("out.qfilt"))
  }

  @Test("a compressed file that is cut or damaged, text that is no UTF-8, nothing at all")
  func damage() throws {
    let text = try scratch.write("a.txt", documents.joined().utf8)
    let whole = try bytes(of: compressed(text))
    for (name, data) in [
      ("cut", Array(whole.dropLast(9))), ("none", Array("no zstd".utf8)),
      ("magic", [0] + whole.dropFirst()),
    ] {
      let path = try scratch.write("\(name).txt.zst", data)
      let result = try precompute(path, options: ["--sequences", "30"])
      #expect(result.status == 65 && result.error.contains("\(path): zstd"), "\(result.error)")
    }
    let binary = try scratch.write("b.txt", Array("東京 ".utf8) + [0xE6, 0x9D] + Array("abcd".utf8))
    let result = try precompute(binary)
    #expect(
      result.status == 65 && result.error.contains("not UTF-8 text at byte 7"), "\(result.error)")
    let half = try scratch.write("h.txt", Array("東京".utf8).dropLast())
    #expect(try precompute(half).error.contains("not UTF-8 text at byte 3"))
    let empty = try scratch.write("e.jsonl", "\n\n{\"text\": \"\"}\n".utf8)
    let nothing = try precompute(empty)
    #expect(nothing.status == 64 && nothing.error.contains("e.jsonl is empty"), "\(nothing.error)")
  }

  @Test("a corpus of 40 MB takes no more memory than one of 4 MB")
  func memory() throws {
    var peaks: [Int] = []
    for megabytes in [4, 40] {
      let line = try jsonLines()
      let text = String(repeating: line, count: megabytes * 1_000_000 / line.utf8.count)
      let path = try scratch.write("\(megabytes).jsonl", text.utf8)
      let (result, peak) = try Command.measure([
        "precompute", "--model", model, "--sequences", "\(1 << 24)", "--length", "60", "--out",
        scratch.path("no.qfilt"), "--corpus", path,
      ])
      // Read to its end, and too short.
      #expect(result.status == 1 && result.error.contains("are needed"), "\(result.error)")
      peaks.append(peak)
    }
    #expect(peaks[1] < peaks[0] + 8 << 20, "\(peaks)")
  }
}
