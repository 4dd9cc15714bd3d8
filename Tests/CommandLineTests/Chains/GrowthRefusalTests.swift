import CacheCodec
import CacheFormat
import Foundation
import TestSupport
import Testing
import Workflows

@Suite("What a chain of snapshots cannot do is said in one sentence, and leaves nothing")
struct GrowthRefusalTests {
  private let scratch: ScratchFolder
  private let tiny: TinyFiles
  private let root, child: String

  init() throws {
    scratch = try ScratchFolder()
    tiny = try TinyFiles.shared.get()
    (root, child) = (scratch.path("root.kvsnap"), scratch.path("child.kvsnap"))
    try make(root)
    let saved = try resume(root, save: child, "--filters", tiny.filters)
    try #require(saved.status == 0, "\(saved.error)")
  }

  private func make(_ path: String, _ options: String...) throws {
    let ranking = options.isEmpty ? ["--filters", tiny.filters] : options
    let made = try Command.run(
      ["prefill", "--model", tiny.model, "--prompt-file", tiny.text, "--out", path, "--force"]
        + ranking)
    try #require(made.status == 0, "\(made.error)")
  }

  private func resume(_ snapshot: String, save: String? = nil, _ options: String...) throws
    -> Command.Result
  {
    try Command.run(
      [
        "resume", snapshot, "--model", tiny.model, "--prompt", " and more", "--max-tokens", "4",
        "--json",
      ] + (save.map { ["--save", $0] } ?? []) + options)
  }

  private func expect(_ result: Command.Result, status: Int32, _ parts: String...) {
    #expect(result.status == status, "\(result.error)")
    for part in parts { #expect(result.error.contains(part), "\(result.error)") }
    #expect(result.output.isEmpty)
  }

  @Test("a parent that is not there: 66, its name and digest; one that is named instead serves")
  func missing() throws {
    let digest = try SnapshotReader(path: root).digest.description
    let other = try ScratchFolder()
    let moved = other.path("moved.kvsnap")
    try FileManager.default.moveItem(atPath: root, toPath: moved)
    expect(
      try resume(child), status: 66, "child.kvsnap", "PRNT", "root.kvsnap of digest",
      "\(digest.prefix(16))…, which is not in its folder; copy it there, or name it with --parent")
    let named = try resume(
      child, save: scratch.path("next.kvsnap"), "--parent", moved,
      "--filters", tiny.filters)
    #expect(named.status == 0, "\(named.error)")
    #expect(
      try SnapshotReader(path: scratch.path("next.kvsnap")).metadata.parent?.fileName
        == "child.kvsnap")
  }

  @Test("a parent that was altered or replaced: 65")
  func altered() throws {
    try make(root, "--method", "k-norm")
    expect(try resume(child), status: 65, "child.kvsnap", "PRNT", "root.kvsnap")
  }

  @Test("another model: 78")
  func otherModel() throws {
    let other = Fixtures.path("models/tiny-llama-bf16.gguf")
    let result = try Command.run(["resume", child, "--model", other, "--prompt", "x"])
    expect(result, status: 78, "child.kvsnap", "weights")
  }

  @Test("a child does not replace what it continues, nor has its parent's name: 64")
  func ownFiles() throws {
    let before = try [root, child].map { try bytes(of: $0) }
    let link = scratch.path("link.kvsnap")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: root)
    for path in [root, child, link] {
      expect(
        try resume(child, save: path, "--filters", tiny.filters), status: 64, "--save", path)
    }
    let elsewhere = try ScratchFolder()
    expect(
      try resume(child, save: elsewhere.path("child.kvsnap"), "--filters", tiny.filters),
      status: 64, "--save", "same folder")
    #expect(elsewhere.contents.isEmpty)
    #expect(try [root, child].map { try bytes(of: $0) } == before)
  }

  @Test("a chain of 1,024 snapshots takes no more: 64, before the work")
  func longestChain() throws {
    var path = root
    for index in 1..<SnapshotChain.maximumSnapshots {
      let parent = try SnapshotReader(path: path)
      path = scratch.path("link\(index).kvsnap")
      var metadata = parent.metadata
      let (heads, tokens) = (metadata.tiers.layers * metadata.tiers.kvHeads, metadata.tokens.count)
      metadata.parent = ParentReference(
        digest: try parent.digest, firstPosition: tokens,
        fileName: index == 1 ? "root.kvsnap" : "link\(index - 1).kvsnap")
      metadata.tiers = TierTable(
        sinks: 0, window: 0, layers: metadata.tiers.layers, kvHeads: metadata.tiers.kvHeads,
        firstPosition: tokens, tokens: 0, floors: [Int](repeating: 0, count: heads),
        compression: 32)
      var writer = try SnapshotWriter(path: path, metadata: metadata)
      for _ in 0..<writer.blockCount {
        try writer.append([PairBlock(positions: [], keys: [], values: [])])
      }
      _ = try writer.finish()
    }
    let out = scratch.path("out.kvsnap")
    expect(
      try resume(path, save: out, "--filters", tiny.filters, "--compression", "32"), status: 64,
      "1024 snapshots", "recompress")
    #expect(!scratch.contents.contains("out.kvsnap"))
    let read = try resume(path, "--compression", "32")
    #expect(read.status == 0, "\(read.error)")
  }

  @Test("recompress does not replace what its snapshot continues: 64")
  func recompressOverLink() throws {
    let before = try [root, child].map { try bytes(of: $0) }
    let link = scratch.path("link.kvsnap")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: root)
    for path in [root, link] {
      expect(
        try Command.run("recompress", child, "--out", path), status: 64, "\(path) would replace",
        child, "--out")
    }
    #expect(try [root, child].map { try bytes(of: $0) } == before)
    // The last link itself becomes the one snapshot of all.
    #expect(try Command.run("recompress", child, "--out", child, "--force").status == 0)
    #expect(try SnapshotReader(path: child).metadata.parent == nil)
  }

  @Test("a child in another folder is saved, and how to use it is said")
  func anotherFolder() throws {
    let elsewhere = try ScratchFolder()
    let out = elsewhere.path("out.kvsnap")
    let saved = try resume(root, save: out, "--filters", tiny.filters)
    #expect(saved.status == 0)
    #expect(saved.error.contains("--parent \(root)"), "\(saved.error)")
    #expect(try resume(out).status == 66)
    #expect(try resume(out, "--parent", root).status == 0)
    let beside = try resume(root, save: scratch.path("out.kvsnap"), "--filters", tiny.filters)
    #expect(beside.status == 0 && !beside.error.contains("--parent"), "\(beside.error)")
  }

  @Test("a turn is saved though nobody reads its answer")
  func nobodyReads() throws {
    let out = scratch.path("out.kvsnap")
    _ = try Command.shell(
      "$qfilters resume '\(root)' --model '\(tiny.model)' --prompt ' and more' --max-tokens 4 "
        + "--filters '\(tiny.filters)' --save '\(out)' | (exec <&-; sleep 1)")
    #expect(try Command.run("verify", out).status == 0)
  }

  @Test("an answer that cannot be saved is printed all the same: 74", arguments: [true, false])
  func notSaved(isJSON: Bool) throws {
    let out = scratch.path("out.kvsnap")
    let answer = try resume(root).json(as: Resumed.self)
    let result = try Command.shell(
      "ulimit -f 1; exec $qfilters resume '\(root)' --model '\(tiny.model)' --prompt ' and more' "
        + "--max-tokens 4 --filters '\(tiny.filters)' --save '\(out)' "
        + "\(isJSON ? "--json" : "") | cat; "
        + "exit ${PIPESTATUS[0]}")
    #expect(result.status == 74, "\(result.error)")
    #expect(result.error.contains("cannot write \(out)"), "\(result.error)")
    #expect(!scratch.contents.contains("out.kvsnap"))
    if isJSON {
      #expect(try result.json(as: Resumed.self).ids == answer.ids)
    } else {
      #expect(String(decoding: result.output, as: UTF8.self) == answer.text + "\n")
    }
  }

  @Test("what ranks new pairs: the filters that ranked the old ones, or any where others did")
  func filters() throws {
    let out = scratch.path("out.kvsnap")
    expect(try resume(root, save: out), status: 64, "root.kvsnap", "q-filters", "--filters")
    let other = try scratch.filters(of: tiny.model, corpus: tiny.otherText)
    expect(
      try resume(root, save: out, "--filters", other), status: 78, "filter bank", "tiny.qfilt")
    let snapKV = scratch.path("snapkv.kvsnap")
    try make(snapKV, "--method", "snapkv")
    expect(try resume(snapKV, save: out), status: 64, "snapkv", "--filters")
    #expect(!scratch.contents.contains("out.kvsnap"))
    let ranked = try resume(snapKV, save: out, "--filters", other)
    #expect(ranked.status == 0, "\(ranked.error)")
    #expect(try SnapshotReader(path: out).metadata.tiers.scorer == .qFilters)
  }

  @Test("usage: with a budget, under another ending, filters for nothing")
  func usage() throws {
    for (options, words) in [
      (["--save", "x.kvsnap", "--budget", "9", "--window", "1", "--method", "k-norm"], "--budget"),
      (["--save", "x.qfilt"], "must end in .kvsnap"),
      (["--filters", tiny.filters], "--filters needs --budget or --save"),
      (["--method", "k-norm"], "--method needs --budget"),
      (["--save", "x.kvsnap", "--method", "k-norm"], "--method needs --budget"),
      (["--save", "x.kvsnap", "--window", "4"], "--window needs --budget"),
    ] {
      let result = try Command.run(
        ["resume", root, "--model", tiny.model, "--prompt", "x"] + options)
      expect(result, status: 64, words)
    }
  }

  @Test("a folder that is not there is noticed before the work; nothing is left")
  func noFolder() throws {
    let before = scratch.contents
    let path = scratch.path("nowhere/x.kvsnap")
    expect(try resume(root, save: path, "--filters", tiny.filters), status: 74, path)
    #expect(scratch.contents == before)
  }

  @Test("a context that becomes full is saved up to the last pair that has room")
  func fullContext() throws {
    let limit = try LoadedModel(path: tiny.model).contextLength
    let out = scratch.path("full.kvsnap")
    let result = try Command.run(
      [
        "resume", root, "--model", tiny.model, "--prompt", " and more", "--max-tokens", "100000",
        "--json", "--save", out, "--filters", tiny.filters,
      ])
    try #require(result.status == 0, "\(result.error)")
    let resumed = try result.json(as: GrowthTests.Saved.self)
    let saved = try SnapshotReader(path: out).metadata
    #expect(saved.tokens.count <= limit)
    #expect(saved.tiers.isWhole)
    if saved.tokens.count == limit {
      #expect(saved.tokens.last == resumed.ids.dropLast().last.map(UInt32.init))
    }
  }
}
