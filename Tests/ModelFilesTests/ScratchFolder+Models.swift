import Foundation
import ModelFiles
import TestSupport
import Testing

extension ScratchFolder {
  /// A copy of a tiny model's folder with one file changed, or removed where the change gives nil.
  func copy(
    _ file: String, of name: String = "tiny-llama-f32", _ change: (String) -> String?
  ) throws -> String {
    let folder = path("model-\(UUID().uuidString)")
    try FileManager.default.copyItem(atPath: Fixtures.path("models/\(name)"), toPath: folder)
    let path = "\(folder)/\(file)"
    let text = String(decoding: (try? bytes(of: path)) ?? [], as: UTF8.self)
    if let changed = change(text) {
      #expect(changed != text, "nothing was changed")
      try Data(changed.utf8).write(to: URL(filePath: path))
    } else {
      try FileManager.default.removeItem(atPath: path)
    }
    return folder
  }

  /// What opening a copy of the single-file model throws, with one part of a file replaced.
  func error(_ file: String, _ part: String, _ replacement: String) throws -> any Error {
    let folder = try copy(file) { $0.replacing(part, with: replacement) }
    return try #require(
      #expect(throws: (any Error).self, "\(replacement)") { try ModelFile(path: folder) })
  }
}
