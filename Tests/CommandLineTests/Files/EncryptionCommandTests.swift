import Foundation
import TestSupport
import Testing

@Suite("Encrypted snapshots on the command line")
struct EncryptionCommandTests {
  private let scratch: ScratchFolder
  private let model = Fixtures.path("models/tiny-llama-f32.gguf")
  private let text: String
  private let keys: [String]

  init() throws {
    scratch = try ScratchFolder()
    text = try scratch.write("text.txt", String(repeating: "The quick brown fox. ", count: 20).utf8)
    keys = try (1...2).map { [scratch] in
      try scratch.write("key\($0)", [UInt8](repeating: UInt8($0), count: 32))
    }
  }

  private func prefill(_ name: String, _ options: String...) throws -> String {
    let path = scratch.path(name)
    let made = try Command.run(
      ["prefill", "--model", model, "--method", "k-norm", "--prompt-file", text, "--out", path]
        + options)
    try #require(made.status == 0, "\(made.error)")
    return path
  }

  private func answer(_ snapshot: String, _ options: String...) throws -> Command.Result {
    try Command.run(
      ["resume", snapshot, "--model", model, "--prompt", " The dog", "--max-tokens", "8"] + options)
  }

  @Test("every command that opens one takes the key, and gives what the plain one gives")
  func commands() throws {
    let plain = try prefill("plain.kvsnap")
    let path = try prefill("encrypted.kvsnap", "--key-file", keys[0])
    let key = ["--key-file", keys[0]]
    #expect(
      try Command.run(["verify", "--digests", path] + key).output
        == Command.run(["verify", "--digests", plain]).output)
    #expect(try answer(path, "--key-file", keys[0]).output == answer(plain).output)
    for compression in ["8", "64"] {
      #expect(
        try answer(path, "--key-file", keys[0], "--compression", compression).output
          == answer(plain, "--compression", compression).output)
    }
    let inspected = try Command.run(["inspect", path] + key)
    #expect(String(decoding: inspected.output, as: UTF8.self).contains("encrypted     1 key file"))
    let exported = scratch.path("out.safetensors")
    #expect(try Command.run(["export", path, exported] + key).status == 0)
    let smaller = scratch.path("smaller.kvsnap")
    #expect(
      try Command.run(["recompress", path, "--compression", "4", "--out", smaller] + key).status
        == 0)
    for command in [
      ["verify", smaller], ["inspect", path], ["export", path, scratch.path("no.safetensors")],
      ["recompress", path, "--compression", "4", "--out", scratch.path("no.kvsnap")],
    ] {
      let refused = try Command.run(command)
      #expect(refused.status == 77, "\(command)")
      #expect(refused.error.contains("is encrypted; give its key file with --key-file"))
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("no.kvsnap")))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("no.safetensors")))
  }

  @Test("a turn that continues one is encrypted by the same key, and a chain may have several")
  func chain() throws {
    let root = try prefill("root.kvsnap", "--key-file", keys[0])
    let child = scratch.path("child.kvsnap")
    #expect(try answer(root, "--key-file", keys[0], "--save", child).status == 0)
    #expect(try Command.run(["verify", child]).status == 77)
    #expect(try Command.run(["verify", child, "--key-file", keys[0]]).status == 0)
    // The root's key changes, and the child stays as it is.
    let rekeyed = try Command.run(
      ["rekey", root, "--key-file", keys[0], "--new-key-file", keys[1]])
    #expect(rekeyed.status == 0, "\(rekeyed.error)")
    #expect(try Command.run(["verify", child, "--key-file", keys[0]]).status == 77)
    let both = try answer(child, "--key-file", keys[0], "--key-file", keys[1])
    #expect(both.status == 0, "\(both.error)")
  }

  @Test("what follows an encrypted snapshot is encrypted by the key that opened it")
  func keyOfFollowers() throws {
    let root = try prefill("root.kvsnap", "--key-file", keys[0])
    let out = scratch.path("out.kvsnap")
    let given = ["--key-file", keys[1], "--key-file", keys[0]]
    #expect(try Command.run(["recompress", root, "--out", out] + given).status == 0)
    #expect(try Command.run(["verify", out, "--key-file", keys[0]]).status == 0)
    #expect(try Command.run(["verify", out, "--key-file", keys[1]]).status == 77)
    // A plain one is encrypted for every key.
    let plain = try prefill("plain.kvsnap")
    #expect(try Command.run(["recompress", plain, "--out", out, "--force"] + given).status == 0)
    for key in keys {
      #expect(try Command.run(["verify", out, "--key-file", key]).status == 0)
    }
  }

  @Test("two programs that change keys at once both have their key in the file")
  func twoEditors() throws {
    let root = try prefill("root.kvsnap", "--key-file", keys[0])
    let result = try Command.shell(
      """
      for key in a b c d; do head -c 40 /dev/urandom >'\(scratch.path("k"))'$key; done
      for key in a b c d; do
        "$qfilters" rekey '\(root)' --key-file '\(keys[0])' --keep-old \
          --new-key-file '\(scratch.path("k"))'$key >/dev/null &
      done
      wait
      for key in a b c d; do
        "$qfilters" verify '\(root)' --key-file '\(scratch.path("k"))'$key
      done
      """)
    #expect(String(decoding: result.output, as: UTF8.self).split(separator: "\n").count == 4)
  }

  @Test("forget destroys the keys, and only with --force")
  func forget() throws {
    let path = try prefill("a.kvsnap", "--key-file", keys[0])
    #expect(try Command.run(["forget", path]).status == 64)
    #expect(try Command.run(["verify", path, "--key-file", keys[0]]).status == 0)
    #expect(try Command.run(["forget", path, "--force"]).status == 0)
    let refused = try Command.run(["verify", path, "--key-file", keys[0]])
    #expect(refused.status == 77)
    #expect(refused.error.contains("nobody can read it"))
    let plain = try prefill("plain.kvsnap")
    #expect(try Command.run(["forget", plain, "--force"]).status == 64)
  }

  @Test("a key file is rejected if it is too short, and a passphrase needs a terminal")
  func refusals() throws {
    let short = try scratch.write("short", [UInt8](repeating: 1, count: 31))
    let out = scratch.path("no.kvsnap")
    for (options, status) in [
      (["--key-file", short], 64), (["--key-file", scratch.path("none")], 66),
      (["--passphrase"], 64),
    ] as [([String], Int32)] {
      let refused = try Command.run(
        ["prefill", "--model", model, "--method", "k-norm", "--prompt-file", text, "--out", out]
          + options)
      #expect(refused.status == status, "\(refused.error)")
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    let plain = try prefill("plain.kvsnap")
    let refused = try Command.run(["recompress", plain, "--out", out, "--key-file", short])
    #expect(refused.status == 64 && refused.error.contains("is no key file"), "\(refused.error)")
    #expect(!FileManager.default.fileExists(atPath: out))
  }
}
