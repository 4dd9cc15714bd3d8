import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("GGUF models in parts")
struct GGUFPartsTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    for number in 1...4 {
      _ = try scratch.write(
        Self.name(number), bytes(of: Fixtures.path("models/tiny-llama-split/" + Self.name(number))))
    }
  }

  private static func name(_ number: Int) -> String {
    "tiny-llama-q4_0-0000\(number)-of-00004.gguf"
  }

  private func change(_ number: Int, _ change: (inout [UInt8]) throws -> Void) throws {
    var part = try bytes(of: scratch.path(Self.name(number)))
    try change(&part)
    _ = try scratch.write(Self.name(number), part)
  }

  private func rejection(_ name: String = Self.name(1)) throws -> any Error {
    try #require(#expect(throws: (any Error).self) { try ModelFile(path: scratch.path(name)) })
  }

  @Test("the first part opens the model of the whole file")
  func whole() throws {
    let split = try ModelFile(path: scratch.path(Self.name(1)))
    let whole = try ModelFile(path: Fixtures.path("models/tiny-llama-q4_0.gguf"))
    #expect(split.architecture == whole.architecture)
    #expect(split.vocabulary.tokens == whole.vocabulary.tokens)
    #expect(split.name == whole.name)
    #expect(split.tensors.keys.sorted() == whole.tensors.keys.sorted())
    for (name, tensor) in whole.tensors {
      let part = try split.tensor(name, shape: tensor.shape)
      #expect(part.type == tensor.type)
      #expect(Checksum.of(part.bytes) == Checksum.of(tensor.bytes), "\(name)")
    }
  }

  @Test("a missing part is named")
  func missing() throws {
    try FileManager.default.removeItem(atPath: scratch.path(Self.name(3)))
    let error = try #require(try rejection() as? SystemError)
    #expect(error.path == scratch.path(Self.name(3)))
  }

  @Test("a part that is not the first, and a first part with another name, are rejected")
  func notTheFirst() throws {
    #expect("\(try rejection(Self.name(2)))".contains("this is part 2 of 4; open the first part"))
    _ = try scratch.write("renamed.gguf", bytes(of: scratch.path(Self.name(1))))
    #expect("\(try rejection("renamed.gguf"))".contains("must end in -00001-of-00004.gguf"))
  }

  @Test("parts with another number or another count of parts, and other files, are rejected")
  func otherPlace() throws {
    let second = try bytes(of: scratch.path(Self.name(2)))
    let third = try bytes(of: scratch.path(Self.name(3)))
    let unsplit = try bytes(of: Fixtures.path("models/tiny-llama-q4_0.gguf"))
    var five = second
    try five.set("split.count", to: 5)
    for part in [third, five, unsplit] {
      _ = try scratch.write(Self.name(2), part)
      let error = try #require(try rejection() as? MalformedFile)
      #expect(error.path == scratch.path(Self.name(2)))
      #expect(error.problem.contains("it does not say that it is part 2 of 4"))
    }
  }

  @Test("more or fewer tensors than the parts promise are rejected")
  func tensorCount() throws {
    for number in 1...4 { try change(number) { try $0.set("split.tensors.count", to: 30) } }
    #expect("\(try rejection())".contains("it promises 30 tensors, and all parts hold 29"))
    try change(4) { try $0.set("split.tensors.count", to: 29) }
    #expect("\(try rejection())".contains("part 4 of 4 of a model of 30 tensors"))
  }

  @Test("a tensor in two parts is rejected")
  func twice() throws {
    let name = Array("blk.2.ffn_down.weight".utf8)
    try change(4) { part in
      let place = try #require(part.firstRange(of: name))
      part.replaceSubrange(place, with: Array("blk.0.ffn_down.weight".utf8))
    }
    let error = try #require(try rejection() as? MalformedFile)
    #expect(error.problem.contains("blk.0.ffn_down.weight is in an earlier part, too"))
  }

  @Test("a part that says it is of another model is rejected")
  func otherModel() throws {
    // A key and a value of 64 bytes together, so that the values after them stay aligned.
    let name = Array("another model of as many tensors".utf8)
    let key = Array("general.name".utf8)
    let entry = [UInt8(key.count), 0, 0, 0, 0, 0, 0, 0] + key + [8, 0, 0, 0]
    try change(3) { part in
      part[16] += 1
      part.insert(contentsOf: entry + [UInt8(name.count), 0, 0, 0, 0, 0, 0, 0] + name, at: 24)
    }
    let error = try #require(try rejection() as? MalformedFile)
    #expect(error.path == scratch.path(Self.name(3)))
    #expect(error.problem.contains("its general.name is another than in the first part"))
  }

  @Test("a part that is cut short is rejected")
  func cut() throws {
    try change(4) { $0.removeLast() }
    #expect(try rejection() is MalformedFile)
  }
}

extension [UInt8] {
  /// Sets the lowest byte of the number at a key.
  fileprivate mutating func set(_ key: String, to value: UInt8) throws {
    let place = try #require(firstRange(of: Array(key.utf8)))
    self[place.upperBound + 4] = value
  }
}
