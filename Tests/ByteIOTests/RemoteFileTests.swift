import TestSupport
import Testing

@testable import ByteIO

@Suite("A file on a server is read by its ranges, whatever the server does")
struct RemoteFileTests {
  private let server: HostileServer
  private let content: [UInt8]
  private let opening = Int(RemoteFile.openingByteCount)
  private let patience = Patience(connectSeconds: 5, stallSeconds: 1, pauses: [1, 1, 1])

  init() throws {
    server = try HostileServer()
    var random = SeededGenerator(seed: 7)
    content = (0..<3 << 20).map { _ in UInt8.random(in: 0...255, using: &random) }
    _ = try server.folder.write("file", content)
    _ = try server.folder.write("short", [1, 2, 3])
    _ = try server.folder.write("empty", [])
  }

  private func open(_ behaviour: String, _ name: String = "file") throws -> RemoteFile {
    try RemoteFile(#require(Address(server.address(behaviour, name))), patience)
  }

  private func read(_ file: RemoteFile, at offset: Int, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try unsafe bytes.withUnsafeMutableBytes {
      try unsafe file.fill($0, at: UInt64(offset))
    }
    return Array(bytes.prefix(got))
  }

  @Test("one request opens it, and one fetches all that is asked for at once")
  func prefetch() throws {
    let file = try open("good")
    #expect(file.size == UInt64(content.count) && file.bytesRead == UInt64(opening))
    #expect(try read(file, at: 5, 100) == Array(content[5..<105]))
    try file.prefetch(upTo: 2 << 20)
    #expect(try read(file, at: 0, 2 << 20) == Array(content[..<(2 << 20)]))
    #expect(server.ranges("good") == ["bytes=0-524287", "bytes=524288-2097151"])
    #expect(file.bytesRead == 2 << 20)
  }

  @Test("pieces that nobody announced take few requests, from several threads, too")
  func pieces() async throws {
    let file = try open("good")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for offset in stride(from: 0, to: content.count, by: 1 << 16) {
        group.addTask {
          let piece = try read(file, at: offset, 1 << 16)
          #expect(piece == Array(content[offset..<offset + 1 << 16]))
        }
      }
      try await group.waitForAll()
    }
    #expect(server.ranges("good").count <= 6)
    #expect(file.bytesRead == UInt64(content.count))
  }

  @Test("a file shorter than the first request, and an empty one")
  func short() throws {
    for behaviour in ["good", "whole"] {
      let file = try open(behaviour, "short")
      #expect(try file.size == 3 && read(file, at: 0, 5) == [1, 2, 3])
      #expect(try open(behaviour, "empty").size == 0)
      #expect(server.ranges(behaviour).count == 2)
    }
  }

  @Test("a server without ranges sends all of it once")
  func whole() throws {
    let file = try open("whole")
    try file.prefetch(upTo: file.size)
    #expect(try read(file, at: 0, content.count) == content)
    #expect(server.ranges("whole").count == 1)
  }

  @Test(
    "what fails once or twice is tried again, and what has come stays",
    arguments: [("busy", 3), ("short", 2), ("reset", 2)])
  func retry(behaviour: String, requests: Int) throws {
    let file = try open(behaviour)
    #expect(try read(file, at: 0, opening) == Array(content[..<opening]))
    #expect(server.ranges(behaviour).count == requests)
    if behaviour == "short" {
      #expect(server.ranges(behaviour).last == "bytes=\(opening / 2)-\(opening - 1)")
    }
  }

  @Test("but only a few times", arguments: ["503", "500", "429", "silent", "stall"])
  func patienceEnds(behaviour: String) throws {
    let error = try #require(throws: RemoteFileError.self) { try open(behaviour) }
    #expect(error.category == .io)
    #expect(server.ranges(behaviour).count == 4)
  }

  @Test(
    "an answer that cannot be right is rejected at once",
    arguments: [
      ("longer", "more bytes"), ("endless", "more bytes"), ("elsewhere", "other bytes"),
      ("nonsense", "size"), ("unsized", "size"), ("packed", "compressed"),
      ("talkative", ""), ("loop", "redirects too often"), ("local", "redirects"), ("204", "204"),
      ("304", "304"),
    ])
  func answer(behaviour: String, problem: String) throws {
    let error = try #require(throws: RemoteFileError.self) { try open(behaviour) }
    #expect(
      error.category == .io && error.description.contains(problem) || problem.isEmpty, "\(error)")
    #expect(server.ranges(behaviour).count <= 6)
  }

  @Test("a file that changes between two requests is noticed", arguments: ["changing", "growing"])
  func change(behaviour: String) throws {
    let file = try open(behaviour)
    let error = try #require(throws: RemoteFileError.self) { try file.prefetch(upTo: file.size) }
    #expect(error.kind == .changed && error.category == .io)
    #expect(try read(file, at: 0, opening) == Array(content[..<opening]))
  }

  @Test(
    "statuses have categories",
    arguments: [
      (404, FailureCategory.noInput), (410, .noInput), (401, .io), (403, .io), (400, .io),
      (416, .io),
    ])
  func status(status: Int, category: FailureCategory) throws {
    let error = try #require(throws: RemoteFileError.self) { try open("\(status)") }
    #expect(error.category == category && error.description.contains("\(status)"))
    #expect(server.ranges("\(status)").count == 1)
  }

  @Test("a redirect is followed, and a size that cannot be costs no memory")
  func redirect() throws {
    #expect(try read(open("moved"), at: 0, 10) == Array(content[..<10]))
    let file = try open("vast")
    #expect(file.size == 1 << 63)
    #expect(try read(file, at: 0, 10) == Array(content[..<10]))
    #expect(throws: RemoteFileError.self) { try read(file, at: content.count, 10) }
  }

  @Test("no server, no name and no readable address give one sentence each")
  func unreachable() throws {
    for text in ["http://127.0.0.1:1/file", "http://none.invalid/file", "http://a b/file"] {
      let error = try #require(throws: RemoteFileError.self) {
        try RemoteFile(#require(Address(text)), patience)
      }
      #expect(error.category == .io && !error.description.hasSuffix(": "), "\(error)")
    }
  }
}
