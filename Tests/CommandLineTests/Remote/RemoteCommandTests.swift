import Foundation
import TestSupport
import Testing

@Suite("Commands read a snapshot from a server as they read it from a disk")
struct RemoteCommandTests {
  private let book: RemoteBook
  private let scratch: ScratchFolder

  init() throws { (book, scratch) = (try RemoteBook(), try ScratchFolder()) }

  @Test("a resume takes one request to open the snapshot, and one for what it needs")
  func resume() throws {
    for arguments in [["--decompressed"], ["--compression", "2"], ["--recall", "4"]] {
      let before = book.server.ranges("good").count
      let there: Resumed = try Command.run(
        book.resume(book.address("good"), "--json") + arguments
      ).json()
      let here: Resumed = try Command.run(book.resume(book.path, "--json") + arguments).json()
      #expect(there.ids == here.ids && there.pairs == here.pairs)
      #expect(there.bytesRead <= max(here.bytesRead, 1 << 19))
      #expect(book.server.ranges("good").count - before <= 2)
    }
    let small: Resumed = try Command.run(
      book.resume(book.address("good"), "--json", "--compression", "8")
    ).json()
    #expect(small.bytesRead == 1 << 19)
  }

  @Test("inspect, verify, ask, show, export and recompress, from any server that works")
  func commands() throws {
    let questions = try scratch.write("questions.txt", " and\n or\n".utf8)
    for behaviour in ["good", "whole", "busy", "short", "reset", "moved"] {
      for arguments in [
        ["inspect", "PATH"], ["verify", "--digests", "PATH"],
        ["ask", "PATH", "--model", book.model, "--questions", questions, "--compression", "2"],
        ["show", "PATH", "--model", book.model],
      ] {
        func run(_ path: String) throws -> Command.Result {
          try Command.run(arguments.map { $0 == "PATH" ? path : $0 })
        }
        let (here, there) = (try run(book.path), try run(book.address(behaviour)))
        #expect(there.status == 0, "\(there.error)")
        #expect(there.output == here.output, "\(arguments)")
      }
    }
    for arguments in [
      ["export", "PATH", "OUT.safetensors"], ["recompress", "PATH", "--out", "OUT.kvsnap"],
    ] {
      func made(_ path: String, _ name: String) throws -> [UInt8] {
        let arguments = arguments.map {
          $0 == "PATH" ? path : $0.replacing("OUT", with: scratch.path(name))
        }
        let result = try Command.run(arguments)
        #expect(result.status == 0, "\(result.error)")
        return try bytes(of: arguments.last ?? "")
      }
      #expect(try made(book.address("good"), "there") == made(book.path, "here"))
    }
  }

  @Test("each file is requested once in a run, whatever the run does with it")
  func requests() throws {
    for arguments in [["verify", book.address("good")], ["inspect", book.address("good")]] {
      let before = book.server.ranges("good").count
      #expect(try Command.run(arguments).status == 0)
      let ranges = book.server.ranges("good").dropFirst(before)
      #expect(ranges.count == Set(ranges).count && ranges.count <= 3, "\(ranges)")
    }
  }

  @Test("a turn is saved to the disk, and continues a snapshot that stays on the server")
  func save() throws {
    let child = scratch.path("turn.kvsnap")
    let saved = try Command.run(book.resume(book.address("good"), "--save", child))
    #expect(saved.status == 0 && saved.error.contains("--parent"), "\(saved.error)")
    let alone = try Command.run(book.resume(child))
    #expect(alone.status == 66 && alone.error.contains("my book.kvsnap"), "\(alone.error)")
    let signed = book.address("signed") + "?signature=SECRET"
    for parent in [book.path, book.address("good"), signed] {
      let result = try Command.run(book.resume(child, "--parent", parent))
      #expect(result.status == 0, "\(result.error)")
      let verified = try Command.run("verify", child, "--parent", parent)
      #expect(verified.status == 0 && !verified.error.contains("SECRET"), "\(verified.error)")
    }
    // Both on the server: the parent is next to its child.
    let there = book.server.folder.path("turn.kvsnap")
    try FileManager.default.copyItem(atPath: child, toPath: there)
    #expect(try Command.run(book.resume(book.server.address("good", "turn.kvsnap"))).status == 0)
    // An address that is signed for the child says nothing of its parent's.
    let address = book.server.address("signed", "turn.kvsnap") + "?signature=SECRET"
    let lonely = try Command.run(book.resume(address))
    #expect(lonely.status == 66 && lonely.error.contains("--parent"), "\(lonely.error)")
    #expect(!lonely.error.contains("SECRET"))
    #expect(try Command.run(book.resume(address, "--parent", signed)).status == 0)
    try FileManager.default.removeItem(atPath: book.path)
    let orphan = try Command.run(book.resume(book.server.address("good", "turn.kvsnap")))
    #expect(orphan.status == 66 && orphan.error.contains("--parent"), "\(orphan.error)")
  }

  @Test(
    "parents, transforms and keys are found as on a disk",
    arguments: [
      "chain-of-name", "chain-grandchild", "coded-f16", "coded-three-links",
      "encrypted-key-file", "encrypted-coded", "encrypted-chain-three-links", "filters.qfilt",
    ])
  func fixtures(name: String) throws {
    let folder = Fixtures.path("conformance/valid")
    for file in try FileManager.default.contentsOfDirectory(atPath: folder)
    where !file.hasPrefix("beyond") {
      try? FileManager.default.createSymbolicLink(
        atPath: book.server.folder.path(file), withDestinationPath: folder + "/" + file)
    }
    let file = name.contains(".") ? name : name + ".kvsnap"
    let keys = ["first.key", "second.key"].flatMap {
      ["--key-file", Fixtures.path("conformance/keys/" + $0)]
    }
    let here = try Command.run(["verify", "--digests", folder + "/" + file] + keys)
    let there = try Command.run(
      ["verify", "--digests", book.server.address("good", file)] + keys)
    #expect(here.status == 0 && there.status == 0, "\(here.error) \(there.error)")
    #expect(here.output == there.output)
  }
}
