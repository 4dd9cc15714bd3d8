import Foundation
import TestSupport
import Testing

@Suite("Whatever a server does, a command ends with one sentence that tells no secret")
struct RemoteFailureTests {
  private let book: RemoteBook
  private let scratch: ScratchFolder

  init() throws { (book, scratch) = (try RemoteBook(), try ScratchFolder()) }

  private func check(
    _ result: Command.Result, _ status: Int32, _ problem: String,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, "\(result.error)", sourceLocation: location)
    #expect(result.error.contains(problem), "\(result.error)", sourceLocation: location)
    #expect(!result.error.contains("SECRET"), "\(result.error)", sourceLocation: location)
    let lines = result.error.split(separator: "\n").filter { !$0.contains("note: ") }
    #expect(lines.count == 1, "\(result.error)", sourceLocation: location)
  }

  @Test(
    "exit codes",
    arguments: [
      ("404", 66, "no such file"), ("401", 74, "does not allow"), ("403", 74, "may have expired"),
      ("500", 74, "500"), ("changing", 74, "changed on the server"), ("longer", 74, "more bytes"),
      ("endless", 74, "more bytes"), ("elsewhere", 74, "other bytes"), ("loop", 74, "too often"),
      ("local", 74, "redirects"), ("silent", 74, "cannot read"), ("unsized", 74, "size"),
      ("packed", 74, "compressed"), ("vast", 65, "header"),
    ] as [(String, Int32, String)])
  func codes(behaviour: String, status: Int32, problem: String) throws {
    let address = book.address(behaviour) + "?signature=SECRET"
    check(try Command.run("verify", address), status, problem)
    check(try Command.run(book.resume(address)), status, problem)
    let several = try Command.run("inspect", address, book.path, "--json")
    let text = String(decoding: several.output, as: UTF8.self)
    #expect(!text.contains("SECRET") && text.contains("?…"), "\(text)")
  }

  @Test("a file that is damaged on the server is reported like one on the disk")
  func damage() throws {
    var content = try bytes(of: book.path)
    content[content.count - 9] ^= 1
    _ = try book.server.folder.write("my book.kvsnap", content)
    check(try Command.run("verify", book.address("good")), 65, "checksum")
    _ = try book.server.folder.write("my book.kvsnap", content.dropLast(99))
    check(try Command.run("verify", book.address("good")), 65, "my%20book.kvsnap")
    _ = try book.server.folder.write("my book.kvsnap", [])
    check(try Command.run("verify", book.address("good")), 65, "my%20book.kvsnap")
  }

  @Test("nothing is written to an address, and keys are changed on the disk")
  func notWritten() throws {
    let address = book.address("good") + "?signature=SECRET"
    for arguments in [
      book.resume(book.path, "--save", book.server.address("good", "child.kvsnap")),
      book.resume(book.path, "--export", book.server.address("good", "a.safetensors")),
      ["recompress", book.path, "--out", book.server.address("good", "b.kvsnap")],
      ["export", book.path, book.server.address("good", "a.safetensors")],
      ["inspect", book.path, "--heatmap", book.server.address("good", "a.svg")],
      ["rekey", address], ["forget", address, "--force"],
    ] {
      check(try Command.run(arguments), 64, "only read")
    }
    #expect(book.server.ranges("good").isEmpty)
  }

  @Test("texts, models and keys are files on a disk")
  func otherFiles() throws {
    let address = book.address("good") + "?signature=SECRET"
    for arguments in [
      ["resume", book.path, "--model", book.model, "--prompt-file", address],
      ["resume", book.path, "--model", address, "--prompt", "x"],
      [
        "verify", Fixtures.path("conformance/valid/encrypted-key-file.kvsnap"), "--key-file",
        address,
      ],
    ] {
      check(try Command.run(arguments), 66, "read from a server")
    }
  }

  @Test("a mistake of usage does not repeat a signature")
  func usage() throws {
    let address = book.address("good") + "?signature=SECRET"
    let result = try Command.run("show", address, address)
    #expect(result.status == 64 && !result.error.contains("SECRET"), "\(result.error)")
  }

  @Test("without libcurl, files on a disk are read, and an address gives one sentence")
  func noLibrary() throws {
    _ = try scratch.write("libcurl.so.4", [])
    let environment = ["LD_LIBRARY_PATH": scratch.path("")]
    let here = try Command.run(["verify", book.path], environment: environment)
    #expect(here.status == 0, "\(here.error)")
    check(
      try Command.run(["verify", book.address("good")], environment: environment), 1,
      "install libcurl")
  }

  @Test("a temporary folder that is missing gives one sentence")
  func noTemporaryFolder() throws {
    let environment = ["TMPDIR": scratch.path("none")]
    check(
      try Command.run(["verify", book.address("good")], environment: environment), 74, "none")
  }

  @Test("Ctrl-C ends a transfer that stalls", arguments: [SIGINT, SIGTERM])
  func interruption(number: Int32) throws {
    let questions = try scratch.write("questions.txt", " and\n".utf8)
    for arguments in [
      ["verify", book.address("stall")],
      ["ask", book.address("stall"), "--model", book.model, "--questions", questions],
    ] {
      let before = book.server.ranges("stall").count
      let process = try Command.start(
        "/usr/bin/env", arguments: ["--default-signal=INT,TERM", Command.binary] + arguments)
      try process.run()
      while book.server.ranges("stall").count == before { usleep(5_000) }
      usleep(50_000)
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal)
      #expect(process.terminationStatus == number)
    }
  }
}
