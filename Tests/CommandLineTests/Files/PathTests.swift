import Foundation
import TestSupport
import Testing

@Suite("A path that is no ordinary file gives the documented exit code and one sentence")
struct PathTests {
  /// An argument of a command that takes a file to read.
  struct Input: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// A kind of file that the command expects there.
    let ending: String
    let arguments: @Sendable (TinyFiles, _ path: String) -> [String]

    /// Whether it waits for what a pipe brings (`TextInputTests`).
    var readsPipes: Bool { ending == ".txt" && testDescription != "precompute --corpus" }

    init(
      _ name: String, _ ending: String,
      _ arguments: @escaping @Sendable (TinyFiles, String) -> [String]
    ) {
      (testDescription, self.ending, self.arguments) = (name, ending, arguments)
    }

    static let all = [
      Input("inspect", ".kvsnap") { ["inspect", $1] },
      Input("verify", ".kvsnap") { ["verify", $1] },
      Input("verify --digests", ".qfilt") { ["verify", "--digests", $1] },
      Input("resume", ".kvsnap") { ["resume", $1, "--model", $0.model, "--prompt", "x"] },
      Input("resume --model", ".gguf") { ["resume", $0.snapshot, "--model", $1, "--prompt", "x"] },
      Input("resume --prompt-file", ".txt") {
        ["resume", $0.snapshot, "--model", $0.model, "--prompt-file", $1]
      },
      Input("prefill --filters", ".qfilt") {
        ["prefill", "--filters", $1] + prefill($0, "--model", $0.model, "--prompt-file", $0.text)
      },
      Input("prefill --model", ".gguf") {
        ["prefill", "--model", $1] + prefill($0, "--filters", $0.filters, "--prompt-file", $0.text)
      },
      Input("prefill --prompt-file", ".txt") {
        ["prefill", "--prompt-file", $1] + prefill($0, "--model", $0.model, "--filters", $0.filters)
      },
      Input("tokenize --file", ".txt") { ["tokenize", "--file", $1, "--model", $0.model] },
      Input("tokenize --model", ".gguf") { ["tokenize", "--model", $1, "--file", $0.text] },
      Input("generate --model", ".gguf") { ["generate", "--model", $1, "--prompt", "x"] },
      Input("generate --prompt-file", ".txt") {
        ["generate", "--model", $0.model, "--prompt-file", $1]
      },
      Input("evaluate --file", ".txt") {
        ["evaluate", "perplexity", "--model", $0.model, "--file", $1]
      },
      Input("evaluate --model", ".gguf") {
        ["evaluate", "perplexity", "--file", $0.text, "--model", $1]
      },
      Input("precompute --corpus", ".txt") {
        [
          "precompute", "--model", $0.model, "--corpus", $1, "--length", "40", "--out",
          "/tmp/no.qfilt",
        ]
      },
      Input("precompute --model", ".gguf") {
        ["precompute", "--corpus", $0.text, "--model", $1, "--out", "/tmp/no.qfilt"]
      },
    ]

    private static func prefill(_ tiny: TinyFiles, _ others: String...) -> [String] {
      others + ["--out", "/tmp/no.kvsnap"]
    }
  }

  /// The exit code for reading, and why.
  private func refusal(_ kind: OddPaths.Kind, ending: String) -> (status: Int32, reason: String) {
    switch kind {
    case .missing, .danglingLink: (66, "no such file or directory")
    // A model may be a folder; this one is empty.
    case .folder: (66, ending == ".gguf" ? "config.json: no such file" : "is a directory")
    case .belowFile: (66, "not a directory")
    case .linkLoop: (66, "too many levels of symbolic links")
    case .longName: (74, "file name too long")
    case .forbidden: (74, "permission denied")
    case .pipe, .socket, .device: (66, "not a regular file")
    case .empty: ending == ".txt" ? (64, "is empty") : (65, "header")
    }
  }

  @Test("to be read", arguments: Input.all, OddPaths.Kind.allCases)
  func inputs(_ input: Input, _ kind: OddPaths.Kind) throws {
    guard kind != .pipe || !input.readsPipes else { return }
    let odd = try OddPaths()
    let path = try odd.path(kind, ending: input.ending)
    let result = try OddPaths.run(input.arguments(try TinyFiles.shared.get(), path))
    let (status, reason) = refusal(kind, ending: input.ending)
    expect(result, status, path, reason)
  }

  @Test("to be written", arguments: [".kvsnap", ".qfilt"], OddPaths.Kind.allCases)
  func outputs(_ ending: String, _ kind: OddPaths.Kind) throws {
    let odd = try OddPaths()
    let path = try odd.path(kind, ending: ending)
    let tiny = try TinyFiles.shared.get()
    let result = try OddPaths.run(
      ending == ".kvsnap" ? tiny.prefill(out: path) : tiny.precompute(out: path))
    switch kind {
    case .forbidden: expect(result, 64, path, "may not be read", "--force")
    case .missing, .danglingLink, .empty:
      #expect(result.status == 0, "\(result.error)")
      #expect(try Command.run("verify", path).status == 0)
    default: expect(result, 74, "cannot create \(path)", refusal(kind, ending: ending).reason)
    }
  }

  @Test("to be written in a folder that is missing or forbids it: 74, before the long work")
  func folders() throws {
    let scratch = try ScratchFolder()
    let tiny = try TinyFiles.shared.get()
    let missing = scratch.path("missing/a.kvsnap")
    expect(try OddPaths.run(tiny.prefill(out: missing)), 74, missing, "create the folder first")
    let forbidden = scratch.path("forbidden")
    for mode in [0o000, 0o300, 0o500] {
      try? FileManager.default.removeItem(atPath: forbidden)
      try FileManager.default.createDirectory(
        atPath: forbidden, withIntermediateDirectories: false, attributes: [.posixPermissions: mode]
      )
      expect(
        try OddPaths.run(tiny.prefill(out: forbidden + "/a.kvsnap")), 74,
        "cannot create \(forbidden)",
        "permission denied")
    }
  }

  private func expect(_ result: Command.Result, _ status: Int32, _ parts: String...) {
    #expect(result.signal == nil)
    #expect(result.status == status, "\(result.error)")
    #expect(result.error.hasPrefix("qfilters: ") && result.error.split(separator: "\n").count == 1)
    for part in parts { #expect(result.error.contains(part), "\(result.error)") }
    #expect(result.output.isEmpty)
  }
}
