import Foundation
import TestSupport

/// A snapshot of a tiny model that is longer than the first request for it, and a server of it.
struct RemoteBook {
  let model = Fixtures.path("models/tiny-llama3-rope-96")
  let server: HostileServer
  /// Where the snapshot is on the disk.
  let path: String

  init() throws {
    server = try HostileServer()
    path = server.folder.path("my book.kvsnap")
    let text = String(repeating: "A line of text to be kept.\n", count: 18)
    let prompt = try server.folder.write("text.txt", text.utf8)
    let made = try Command.run([
      "prefill", "--model", model, "--method", "k-norm", "--prompt-file", prompt, "--precision",
      "f32", "--out", path,
    ])
    guard made.status == 0 else { throw CommandFailed(message: made.error) }
  }

  /// The snapshot's address, where the server behaves in one of its ways.
  func address(_ behaviour: String) -> String { server.address(behaviour, "my%20book.kvsnap") }

  /// The arguments that resume a snapshot.
  func resume(_ snapshot: String, _ more: String...) -> [String] {
    ["resume", snapshot, "--model", model, "--prompt", " and", "--max-tokens", "3"] + more
  }
}
