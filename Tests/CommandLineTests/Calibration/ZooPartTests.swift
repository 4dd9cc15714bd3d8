import Foundation
import TestSupport
import Testing

@Suite("zoo takes a part of the models, and keeps one index", .serialized)
struct ZooPartTests {
  private let scratch: ScratchFolder
  private let zoo: String
  private let text: String
  private let files = FileManager.default

  init() throws {
    scratch = try ScratchFolder()
    zoo = scratch.path("zoo")
    text = try scratch.write("t.txt", String(repeating: "A line of the corpus.\n", count: 40).utf8)
    try files.createDirectory(atPath: zoo + "/b", withIntermediateDirectories: true)
    for (model, place) in [
      ("tiny-llama-f32.gguf", "a.gguf"), ("tiny-llama-f32", "b/folder"),
      ("tiny-llama-q8_0.gguf", "b/q.gguf"), ("tiny-llama-bf16.gguf", "c.gguf"),
    ] {
      try files.copyItem(atPath: Fixtures.path("models/" + model), toPath: zoo + "/" + place)
    }
    try Data(bytes(of: zoo + "/a.gguf").prefix(3000)).write(to: URL(filePath: zoo + "/d.gguf"))
    _ = try scratch.write("zoo/notes.txt", "x".utf8)
  }

  private func arguments(
    _ out: String, sequences: Int = 2, _ options: [String]
  ) -> [String] {
    [
      "zoo", zoo, "--corpus", text, "--sequences", "\(sequences)", "--length", "40",
      "--no-budgets", "--out", scratch.path(out),
    ] + options
  }

  private func run(
    _ out: String, sequences: Int = 2, _ options: [String] = []
  ) throws -> Command.Result {
    try Command.run(arguments(out, sequences: sequences, options))
  }

  private func lines(_ result: Command.Result) -> [String] {
    String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private func tree(_ folder: String) throws -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    for name in try files.subpathsOfDirectory(atPath: scratch.path(folder)) {
      let path = scratch.path(folder) + "/" + name
      tree[name] = files.contents(atPath: path).map { [UInt8]($0) } ?? []
    }
    return tree
  }

  @Test("shards at the same time leave the files of one run, and so do jobs, byte for byte")
  func shards() throws {
    #expect(try run("whole").status == 1)
    let whole = try tree("whole")
    #expect(Set(whole.keys).isSuperset(of: ["a.qfilt", "b/folder/filters.qfilt", "index.json"]))
    let processes = try (1...3).map { shard in
      let process = try Command.start(arguments: arguments("parts", ["--shard", "\(shard)/3"]))
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      return process
    }
    for process in processes { process.waitUntilExit() }
    // The second of five models, and the fifth, which is damaged.
    #expect(processes.map(\.terminationStatus) == [0, 1, 0])
    #expect(try tree("parts") == whole)
    #expect(try run("jobs", ["--jobs", "3"]).status == 1)
    #expect(try tree("jobs") == whole)
  }

  @Test("the index lists what is there, whatever part is run, in any order")
  func index() throws {
    _ = try run("whole")
    for shard in ["2/2", "1/2"] { _ = try run("parts", ["--shard", shard]) }
    #expect(try tree("parts") == tree("whole"))
    // A bank that another program brought, or took away.
    let (bank, index) = (scratch.path("parts") + "/c.qfilt", scratch.path("parts") + "/index.json")
    try files.removeItem(atPath: bank)
    #expect(try run("parts", ["--exclude", "*"]).status == 0)
    #expect(!(try String(contentsOfFile: index, encoding: .utf8)).contains("c.gguf"))
    try files.copyItem(atPath: scratch.path("whole") + "/c.qfilt", toPath: bank)
    #expect(try run("parts", ["--exclude", "*"]).status == 0)
    #expect(try tree("parts") == tree("whole"))
    // What failed is named until it is computed.
    try files.removeItem(atPath: zoo + "/d.gguf")
    try files.copyItem(atPath: zoo + "/a.gguf", toPath: zoo + "/d.gguf")
    #expect(try run("parts", ["--shard", "2/2"]).status == 0)
    #expect(try String(contentsOfFile: index, encoding: .utf8).contains("\"problem\""))
    #expect(try run("parts").status == 0)
    #expect(!(try String(contentsOfFile: index, encoding: .utf8)).contains("\"problem\""))
  }

  @Test("a dry run lists everything with a reason, and writes nothing")
  func dryRun() throws {
    _ = try run("out", ["--exclude", "b", "--exclude", "d.gguf"])
    let before = try tree("out")
    let dry = try run("out", ["--dry-run", "--exclude", "*.Q9.gguf", "--exclude", "c*"])
    #expect(dry.status == 1)
    let expected = [
      "a.qfilt: up to date",
      "b/folder/filters.qfilt: would be computed: it has no filter bank yet",
      "b/q.qfilt: would be computed: it has no filter bank yet",
      "c.gguf: left out: excluded by c*",
      "notes.txt: passed over: it is neither a .gguf file nor a model's folder",
      "2 of 5 models would be computed",
    ]
    let listed = lines(dry)
    #expect(listed.filter { !$0.hasPrefix("d.qfilt: would fail: ") } == expected, "\(listed)")
    #expect(listed.count == expected.count + 1)
    #expect(dry.error == "qfilters: note: --exclude *.Q9.gguf matches no model\n")
    #expect(try tree("out") == before)
    let none = try run("none", ["--dry-run", "--shard", "2/2"])
    #expect(lines(none).contains("a.gguf: left out: it is of shard 1/2"))
    #expect(!scratch.contents.contains("none"))
    let other = try run("out", sequences: 3, ["--dry-run", "--exclude", "[b-d]*"])
    #expect(
      lines(other).first
        == "a.qfilt: would be computed: its filter bank is of another corpus or recipe")
  }

  @Test("two models of one name are not computed over each other")
  func oneName() throws {
    for part in 1...4 {
      let name = "-0000\(part)-of-00004.gguf"
      try files.copyItem(
        atPath: Fixtures.path("models/tiny-llama-split/tiny-llama-q4_0" + name),
        toPath: zoo + "/c" + name)
    }
    let result = try run("out", ["--exclude", "[abd]*"])
    #expect(result.status == 1)
    #expect(result.error.contains("c.qfilt, which is that of c-00001-of-00004.gguf"))
  }

  @Test("a bank below --require-quality stays, is named, and gives exit code 79; a failure gives 1")
  func quality() throws {
    let result = try run("out", ["--exclude", "d.gguf", "--require-quality", "0.5"])
    #expect(result.status == 79, "\(result.error)")
    #expect(lines(result).contains("a.qfilt: computed"))
    #expect(result.error.contains("qfilters: a.qfilt: the assumption of Q-Filters holds in "))
    #expect(result.error.contains("below --require-quality 0.5\n"))
    #expect(try run("out", ["--exclude", "d.gguf", "--require-quality", "0"]).status == 0)
    let dry = try run(
      "out", ["--dry-run", "--exclude", "d.gguf", "--require-quality", "1", "--json"])
    struct Report: Decodable {
      struct Model: Decodable {
        let outcome: String
        let holdingHeads, failingHeads: Int
        let isBelowQuality: Bool
      }
      let dryRun: Bool
      let models: [Model]
    }
    let report = try dry.json(as: Report.self)
    #expect(dry.status == 79 && report.dryRun && report.models.count == 4)
    #expect(report.models.allSatisfy { $0.outcome == "upToDate" && $0.isBelowQuality })
    #expect(report.models.allSatisfy { $0.failingHeads > 0 })
    #expect(try run("out", ["--require-quality", "0.5"]).status == 1)
    #expect(try run("out", ["--require-quality", "1.5"]).status == 64)
    #expect(try run("out", ["--jobs", "0"]).status == 64)
  }

  @Test("nothing is written through a link; --force puts the file in its place")
  func links() throws {
    let out = scratch.path("out")
    try files.createDirectory(atPath: out, withIntermediateDirectories: true)
    let target = try scratch.write("target", [])
    func link(_ name: String, to target: String) throws {
      try files.createSymbolicLink(atPath: out + "/" + name, withDestinationPath: target)
    }
    try link("index.json", to: target)
    let index = try run("out")
    #expect(index.status == 64 && index.error.contains("index.json is a symbolic link"))
    #expect(index.error.contains("--force"))
    #expect(try files.contentsOfDirectory(atPath: out) == ["index.json"])
    try files.removeItem(atPath: out + "/index.json")

    try link("a.qfilt", to: target)
    try link("c.qfilt.partial", to: scratch.path("missing"))
    try link("b", to: scratch.path(""))
    let names = scratch.contents
    let result = try run("out", ["--exclude", "d.gguf"])
    #expect(result.status == 1)
    for part in [
      "a.qfilt is a symbolic link", "c.qfilt.partial is a symbolic link",
      "out/b is a symbolic link to a folder, through which nothing is written",
    ] {
      #expect(result.error.contains(part), "\(result.error)")
    }
    #expect(try bytes(of: target).isEmpty && scratch.contents == names)
    #expect(try run("out", ["--exclude", "[bd]*", "--force"]).status == 0)
    #expect(try bytes(of: target).isEmpty && scratch.contents == names)
    let type = try files.attributesOfItem(atPath: out + "/a.qfilt")[.type] as? FileAttributeType
    #expect(type == .typeRegular)
    #expect(!files.fileExists(atPath: out + "/c.qfilt.partial"))
  }
}
