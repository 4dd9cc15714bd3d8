import ByteIO
import CacheCodec
import CacheFormat
import Foundation
import SampleSnapshots
import TestSupport
import Testing

@Suite("An encrypted snapshot")
struct EncryptionTests {
  private let folder: ScratchFolder
  private let key, other: Secret
  private var ring: KeyRing { KeyRing([key]) }

  init() throws {
    folder = try ScratchFolder()
    key = try #require(Secret(keyFile: [UInt8](repeating: 1, count: 32)))
    other = try #require(Secret(keyFile: [UInt8](repeating: 2, count: 40)))
  }

  private func write(_ sample: SampleSnapshot, _ name: String, _ secrets: [Secret]) throws -> String
  {
    let path = folder.path(name)
    var writer = try SnapshotWriter(path: path, metadata: sample.metadata, secrets: secrets)
    try writer.append(sample.blocks)
    _ = try writer.finish()
    return path
  }

  private func chain(_ path: String, _ ring: KeyRing) throws -> SnapshotChain {
    var companions = Companions()
    companions.keys = ring
    return try SnapshotChain(path: path, with: companions)
  }

  @Test("holds what the plain one holds, at every compression, for random shapes")
  func roundTrip() throws {
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed: seed)
      let sample = SampleSnapshot(random: &random)
      let plain = try chain(write(sample, "p.kvsnap", []), .none)
      let path = try write(sample, "e.kvsnap", [other, key])
      let encrypted = try chain(path, ring)
      #expect(encrypted.metadata == plain.metadata, "seed \(seed)")
      try Verification.verify(path: path, keys: ring)
      for layer in 0..<sample.metadata.context.layers {
        #expect(
          try encrypted.readStoredLayer(layer) == plain.readStoredLayer(layer), "seed \(seed)")
        for compression in [2, 5, 64] {
          #expect(
            try encrypted.readLayer(layer, compression: compression)
              == plain.readLayer(layer, compression: compression), "seed \(seed)")
        }
      }
      #expect(
        try encrypted.last.prefixLength(compression: 64)
          < encrypted.last.prefixLength(compression: 1) || sample.metadata.tokens.count < 2)
    }
  }

  @Test("opens with each of its keys, and with no other")
  func keys() throws {
    var random = SeededGenerator(seed: 1)
    let path = try write(SampleSnapshot(random: &random), "e.kvsnap", [key])
    #expect(throws: KeyProblem(path: path, kind: .missing)) { try SnapshotReader(path: path) }
    #expect(throws: KeyProblem(path: path, kind: .wrong)) {
      try SnapshotReader(path: path, keys: KeyRing([other]))
    }
    #expect(try ContainerReader(path: path).header.kind == .snapshot, "its kind needs no key")
  }

  @Test("rejects every changed bit")
  func everyBit() throws {
    var random = SeededGenerator(seed: 3)
    let sample = SampleSnapshot(random: &random, tokens: 5, layers: 1, kvHeads: 1)
    let path = try write(sample, "e.kvsnap", [key])
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    for at in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[at] ^= 1 << UInt8(bit)
        try Data(changed).write(to: URL(filePath: path))
        #expect(throws: (any Error).self, "bit \(bit) of byte \(at)") {
          try Verification.verify(path: path, keys: ring)
          _ = try chain(path, ring).readStoredLayer(0)
        }
      }
    }
  }

  @Test("rejects every exchange of two chunks, of two sections, or of one with the other")
  func everyExchange() throws {
    var random = SeededGenerator(seed: 7)
    let sample = SampleSnapshot(random: &random, tokens: 9, layers: 2, kvHeads: 2)
    let path = try write(sample, "e.kvsnap", [key])
    let parts = try parts(path)
    #expect(parts.count > 20)
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    for (index, one) in parts.enumerated() {
      for other in parts[(index + 1)...] where bytes[one] != bytes[other] {
        let middle = bytes[one.upperBound..<other.lowerBound]
        let changed =
          bytes[..<one.lowerBound] + bytes[other] + middle + bytes[one]
          + bytes[other.upperBound...]
        try Data(changed).write(to: URL(filePath: path))
        #expect(throws: (any Error).self, "\(one) and \(other)") {
          try Verification.verify(path: path, keys: ring)
        }
      }
    }
  }

  /// Where the encrypted sections and chunks are.
  private func parts(_ path: String) throws -> [Range<Int>] {
    let container = try ContainerReader(path: path, kind: .snapshot, keys: ring)
    let table = try container.section(.chunks).bytes
    var at = Int(try #require(container.directory[.data]).offset)
    let sections = container.directory.entries.filter { ![.keys, .data].contains($0.type) }
      .map { Int($0.offset)..<Int($0.offset + $0.length) }
    let chunks = stride(from: 0, to: table.count, by: 24).map { entry in
      let length = (0..<8).reduce(0) { $0 | Int(table[entry + $1]) << (8 * $1) }
      defer { at += length }
      return at..<at + length
    }
    return sections + chunks
  }

  @Test("has no plain byte of its tokens, its values, or its parent's name")
  func marker() throws {
    var random = SeededGenerator(seed: 4)
    let plain = SampleSnapshot(
      random: &random, tokens: 60, kvHeads: 1, keyLength: 8, codec: .float32)
    let path = try write(plain, "e.kvsnap", [key])
    let bytes = try Data(contentsOf: URL(filePath: path))
    let secrets = [
      Data(plain.keys[0][3]), Data(plain.values[0][3] + plain.values[0][4]),
      Data((0..<4).flatMap { [UInt8(7 * $0), 0, 0, 0] }),
      Data(plain.metadata.provenance.utf8),
    ]
    for secret in secrets where secret.count > 7 { #expect(bytes.firstRange(of: secret) == nil) }
  }

  @Test("gets another key in place, and then keeps its digest and loses its old key")
  func rekey() throws {
    var random = SeededGenerator(seed: 5)
    let path = try write(SampleSnapshot(random: &random), "e.kvsnap", [key])
    let digest = try SnapshotReader(path: path, keys: ring).digest
    let size = try Data(contentsOf: URL(filePath: path)).count
    var editor = try KeyEditor(path: path)
    #expect(throws: KeyProblem(path: path, kind: .wrong)) {
      try editor.add(other, by: KeyRing([other]), keepsOld: false)
    }
    try editor.add(other, by: ring, keepsOld: true)
    #expect(editor.used == 2)
    try Verification.verify(path: path, keys: ring)
    try editor.add(key, by: KeyRing([other]), keepsOld: false)
    #expect(throws: KeyProblem(path: path, kind: .wrong)) {
      try SnapshotReader(path: path, keys: KeyRing([other]))
    }
    #expect(try SnapshotReader(path: path, keys: ring).digest == digest)
    #expect(try Data(contentsOf: URL(filePath: path)).count == size)
    for number in editor.used..<8 {
      let another = try #require(Secret(keyFile: [UInt8](repeating: UInt8(10 + number), count: 32)))
      try editor.add(another, by: ring, keepsOld: true)
    }
    #expect(throws: NoEmptySlot.self) { try editor.add(other, by: ring, keepsOld: true) }
    try editor.eraseAll()
    #expect(throws: KeyProblem(path: path, kind: .destroyed)) {
      try SnapshotReader(path: path, keys: ring)
    }
  }

  @Test("a key that changes loses every slot, and one that is there gets no second one")
  func everySlot() throws {
    var random = SeededGenerator(seed: 8)
    let path = try write(SampleSnapshot(random: &random), "e.kvsnap", [key, key])
    var editor = try KeyEditor(path: path)
    #expect(editor.used == 2)
    try editor.add(key, by: ring, keepsOld: true)
    #expect(editor.used == 2)
    try editor.add(other, by: ring, keepsOld: false)
    #expect(editor.used == 1)
    #expect(throws: KeyProblem(path: path, kind: .wrong)) {
      try SnapshotReader(path: path, keys: ring)
    }
    try Verification.verify(path: path, keys: KeyRing([other]))
  }

  @Test("a slot whose writing was cut short is rejected, and erased with another key")
  func tornSlot() throws {
    var random = SeededGenerator(seed: 9)
    let path = try write(SampleSnapshot(random: &random), "e.kvsnap", [other, key])
    var bytes = Array(try Data(contentsOf: URL(filePath: path)))
    let slot = Int(try #require(try ContainerReader(path: path).directory[.keys]).offset) + 32
    for at in slot..<slot + 60 { bytes[at] = 0 }
    try Data(bytes).write(to: URL(filePath: path))
    #expect(throws: MalformedFile.self) { try SnapshotReader(path: path, keys: ring) }
    var editor = try KeyEditor(path: path)
    try editor.add(key, by: ring, keepsOld: true)
    #expect(editor.used == 1)
    try Verification.verify(path: path, keys: ring)
  }

  @Test("a passphrase is asked for once, and three times at most")
  func passphrase() throws {
    var random = SeededGenerator(seed: 6)
    let right = try #require(Secret(passphrase: Array("open sesame".utf8)))
    let path = try write(SampleSnapshot(random: &random), "e.kvsnap", [right])
    let answers = Answers(["wrong", "open sesame", "never asked for"])
    let ring = KeyRing(ask: { _, _ in answers.next() })
    _ = try SnapshotReader(path: path, keys: ring)
    _ = try SnapshotReader(path: path, keys: ring)
    #expect(answers.left == 1)
    #expect(ring.forNewFiles == [right])
    let wrong = Answers(["a", "b", "c", "d"])
    #expect(throws: KeyProblem(path: path, kind: .wrong)) {
      try SnapshotReader(path: path, keys: KeyRing(ask: { _, _ in wrong.next() }))
    }
    #expect(wrong.left == 1)
  }
}

/// What a user types.
private final class Answers: @unchecked Sendable {
  private var rest: [String]

  init(_ answers: [String]) { rest = answers.reversed() }

  var left: Int { rest.count }

  func next() -> Secret? { rest.popLast().flatMap { Secret(passphrase: Array($0.utf8)) } }
}
