import ByteIO
import Testing

@testable import CacheFormat

@Suite("What a child says of its parent")
struct ParentReferenceTests {
  private let digest = Digest([UInt8](1...32))

  private func read(_ reference: ParentReference, tokens: Int) throws -> ParentReference {
    let section = Section(type: .parent, bytes: reference.encoded, offset: 0, path: "a.kvsnap")
    return try ParentReference(section, tokens: tokens)
  }

  @Test("comes back as it was written", arguments: [1, 7, 9])
  func roundTrip(first: Int) throws {
    for name in ["a", "Gespräch 1.kvsnap", String(repeating: "n", count: 255), "..."] {
      let reference = ParentReference(digest: digest, firstPosition: first, fileName: name)
      #expect(try read(reference, tokens: 9) == reference)
    }
  }

  @Test("is rejected if its position or name is impossible, and names its section")
  func rejections() {
    let names = ["", ".", "..", "a/b", "a\0", String(repeating: "n", count: 256)]
    let wrong =
      names.map { ParentReference(digest: digest, firstPosition: 1, fileName: $0) }
      + [0, 10, .max].map { ParentReference(digest: digest, firstPosition: $0, fileName: "a") }
    for reference in wrong {
      let error = #expect(throws: MalformedFile.self) { try read(reference, tokens: 9) }
      #expect(error?.section == "PRNT")
    }
  }
}
