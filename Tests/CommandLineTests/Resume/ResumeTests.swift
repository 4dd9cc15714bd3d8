import CacheCodec
import CacheFormat
import Foundation
import QFilters
import TestSupport
import Testing

@Suite("Resuming a snapshot of a real essay", .serialized, .realModel)
struct ResumeTests {
  private let documents: Documents
  private let question = "\n\nIn one sentence, the essay says that"

  init() throws { documents = try Documents.shared.get() }

  private func resume(_ snapshot: String, _ options: String...) throws -> Resumed {
    let result = try Command.run(
      [
        "resume", snapshot, "--model", Demo.model, "--prompt", question, "--max-tokens", "40",
        "--json",
      ] + options)
    #expect(result.status == 0, "\(result.error)")
    return try result.json()
  }

  @Test("decompressed, it continues token for token as generation from the whole prompt does")
  func decompressed() throws {
    let resumed = try resume(documents.snapshot, "--decompressed")
    let scratch = try ScratchFolder()
    let whole = try scratch.write("whole.txt", try bytes(of: documents.document) + question.utf8)
    let generated = try Command.run(
      [
        "generate", "--model", Demo.model, "--prompt-file", whole, "--max-tokens", "40", "--json",
      ]).json(as: Generated.self)
    #expect(resumed.ids == generated.ids)
    #expect(!resumed.ids.isEmpty)
    #expect(resumed.text == generated.text)
    #expect(resumed.bytesRead == (try bytes(of: documents.snapshot)).count)
  }

  @Test("a question about a document in a chat is one user's turn")
  func chat() throws {
    let scratch = try ScratchFolder()
    let (text, question) = ("The secret word is heliotrope.", "What is the secret word?")
    let document = try scratch.write("document.txt", text.utf8)
    let snapshot = scratch.path("chat.kvsnap")
    let prefilled = try Command.run(
      [
        "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file", document,
        "--chat",
        "--out", snapshot, "--json",
      ])
    #expect(prefilled.status == 0, "\(prefilled.error)")
    let resumed = try Command.run(
      [
        "resume", snapshot, "--model", Demo.model, "--prompt", question, "--json",
      ]).json(as: Resumed.self)
    let generated = try Command.run(
      [
        "generate", "--model", Demo.model, "--chat", "--prompt", "\(text)\n\n\(question)", "--json",
      ]).json(as: Generated.self)
    #expect(resumed.ids == generated.ids)
    #expect(resumed.text.lowercased().contains("heliotrope"))
  }

  @Test("×8 attends to exactly the pairs that the specification says", arguments: [8, 3])
  func compressedPairs(compression: Int) throws {
    let chain = try SnapshotChain(path: documents.snapshot)
    let bank = try FilterBank(path: documents.filters)
    let n = chain.metadata.context.tokens
    for layer in [0, 7, 29] {
      let whole = try chain.readLayer(layer, compression: nil)
      let kept = try chain.readLayer(layer, compression: compression)
      for (head, (all, best)) in zip(whole.heads, kept.heads).enumerated() {
        #expect(all.positions == (0..<UInt32(n)).map { $0 })
        let keys = Self.floats(all.keys)
        let scores = try bank.contextScores(
          keys: keys, layer: layer, head: head, tokens: n, base: 100_000)
        // Section 5.3: four sinks, a window of 64, then three of the highest scores and the latest
        // left, in turn; ⌊n / N⌋ in all.
        let protected = Set((0..<4).map(UInt32.init) + (n - 64..<n).map(UInt32.init))
        let rest = (0..<UInt32(n)).filter { !protected.contains($0) }
          .sorted { (scores[Int($1)], $0) < (scores[Int($0)], $1) }
        var (left, chosen) = (rest, [UInt32]())
        for index in 0..<n / compression - 68 {
          let next = try #require(index % 4 == 3 ? left.max() : left.first)
          left.removeAll { $0 == next }
          chosen.append(next)
        }
        let expected = (Array(protected) + chosen).sorted()
        #expect(best.positions == expected, "layer \(layer), head \(head)")
        for (index, position) in best.positions.enumerated() {
          let (a, b) = (index * 128, Int(position) * 128)
          guard best.keys[a..<a + 128] == all.keys[b..<b + 128],
            best.values[a..<a + 128] == all.values[b..<b + 128]
          else { Issue.record("another pair at \(position)"); break }
        }
      }
    }
  }

  @Test("×8 reads only its tiers, holds 1/8 of the pairs, and continues at the true next position")
  func compressedBytes() throws {
    let inspected = try Command.run("inspect", documents.snapshot, "--json").json(
      as: Inspected.self)
    let tier = try #require(inspected.tiers.first { $0.compression == 8 })
    let resumed = try resume(documents.snapshot, "--compression", "8")
    #expect(resumed.bytesRead == tier.prefixBytes)
    #expect(resumed.bytesRead * 7 < (try bytes(of: documents.snapshot)).count)
    let heads = inspected.layers * inspected.kvHeads
    let scratch = try ScratchFolder()
    let questionFile = try scratch.write("question.txt", question.utf8)
    let questionTokens = try Command.run(
      [
        "tokenize", "--model", Demo.model, "--file", questionFile, "--json",
      ])
      .json(as: Tokenized.self).ids.count
    #expect(resumed.pairs == heads * (inspected.tokens / 8 + questionTokens))
    #expect(resumed.cacheBytes == resumed.pairs * 256)
    #expect(!resumed.text.isEmpty)
  }

  @Test("a snapshot made at ×8 resumes as the whole one does at ×8, and rejects less")
  func madeCompressed() throws {
    let scratch = try ScratchFolder()
    let small = scratch.path("small.kvsnap")
    let made = try Command.run(
      [
        "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file",
        documents.document,
        "--compression", "8", "--out", small, "--json",
      ])
    #expect(made.status == 0, "\(made.error)")
    #expect(try made.json(as: Prefilled.self).bytes == bytes(of: small).count)
    #expect(
      try resume(small, "--compression", "8").ids
        == resume(documents.snapshot, "--compression", "8").ids)
    #expect(
      try resume(small, "--compression", "20").ids
        == resume(documents.snapshot, "--compression", "20").ids)
    let whole = try Command.run(
      ["resume", small, "--model", Demo.model, "--prompt", "x", "--decompressed"])
    #expect(whole.status == 64)
    #expect(whole.error.contains("does not hold the whole cache, only ×8 and more"))
  }

  @Test("equal input gives equal bytes")
  func determinism() throws {
    let scratch = try ScratchFolder()
    let again = scratch.path("again.kvsnap")
    let result = try Command.run(
      [
        "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file",
        documents.document,
        "--out", again,
      ])
    #expect(result.status == 0, "\(result.error)")
    #expect(try bytes(of: again) == bytes(of: documents.snapshot))
  }

  @Test("a prompt for which the vocabulary has no token is rejected like an empty one")
  func noTokens() throws {
    let result = try Command.run(
      ["resume", documents.snapshot, "--model", Demo.model, "--prompt", "\u{4}"])
    #expect(result.status == 64)
    #expect(result.error.contains("the prompt is empty"))
  }

  @Test("float32 snapshots resume bit for bit too")
  func float32() throws {
    let scratch = try ScratchFolder()
    // Cut after a word, so that its tokens are the same with the question after them.
    let start = try bytes(of: documents.document).prefix(3000)
    let text = try scratch.write(
      "text.txt", start.dropLast(start.reversed().prefix { $0 < 97 }.count))
    let snapshot = scratch.path("f32.kvsnap")
    _ = try Command.run(
      [
        "prefill", "--model", Demo.model, "--filters", documents.filters, "--prompt-file", text,
        "--precision",
        "f32", "--out", snapshot,
      ])
    let whole = try scratch.write("whole.txt", try bytes(of: text) + question.utf8)
    let generated = try Command.run(
      [
        "generate", "--model", Demo.model, "--prompt-file", whole, "--max-tokens", "40",
        "--precision", "f32",
        "--json",
      ]).json(as: Generated.self)
    #expect(try resume(snapshot, "--decompressed").ids == generated.ids)
  }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    stride(from: 0, to: bytes.count, by: 2).map {
      Float(Float16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8))
    }
  }
}
