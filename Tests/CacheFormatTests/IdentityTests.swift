import ByteIO
import CacheFormat
import Testing

/// A file belongs to one model.
@Suite struct IdentityTests {
  private let identity = Identity(
    weights: Digest(of: [1]), architecture: Digest(of: [2]), rope: Digest(of: [3]),
    tokenizer: Digest(of: [4]))

  @Test func acceptsItsOwnModel() throws {
    try identity.check(against: identity, path: "f")
  }

  @Test(
    arguments: [
      (\Identity.weights, "weights"), (\Identity.architecture, "architecture"),
      (\Identity.rope, "RoPE parameters"), (\Identity.tokenizer, "tokenizer"),
    ] as [(any WritableKeyPath<Identity, Digest> & Sendable, String)])
  func namesWhatDiffers(
    part: any WritableKeyPath<Identity, Digest> & Sendable, name: String
  ) {
    var other = identity
    other[keyPath: part] = Digest(of: [9])
    let error = #expect(throws: IdentityMismatch.self) {
      try identity.check(against: other, path: "f")
    }
    #expect(error?.differing.map(\.rawValue) == [name])
    #expect(error?.description.hasPrefix("f: identity mismatch: different \(name);") == true)
  }

  @Test func namesEverythingThatDiffers() {
    let other = Identity(
      weights: identity.rope, architecture: identity.architecture, rope: identity.weights,
      tokenizer: Digest(of: []))
    let error = #expect(throws: IdentityMismatch.self) {
      try identity.check(against: other, path: "f")
    }
    #expect(error?.differing == [.weights, .rope, .tokenizer])
  }

  @Test func survivesItsSection() throws {
    let section = Section(type: .identity, bytes: identity.encoded, offset: 160, path: "f")
    #expect(try Identity(section) == identity)
    for bytes in [identity.encoded.dropLast(), identity.encoded + [0]] {
      #expect(throws: MalformedFile.self) {
        try Identity(Section(type: .identity, bytes: Array(bytes), offset: 160, path: "f"))
      }
    }
  }

  @Test func printsDigestsAsHexadecimal() {
    #expect(
      Digest(of: Array("abc".utf8)).description
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
