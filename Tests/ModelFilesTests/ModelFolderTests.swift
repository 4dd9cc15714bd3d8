import ByteIO
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@Suite("A model's folder")
struct ModelFolderTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  @Test(
    "a folder says what the GGUF of the same weights says, in one file or in shards",
    arguments: ["tiny-llama-f32", "tiny-llama-bf16"])
  func likeGGUF(name: String) throws {
    let folder = try ModelFile(path: Fixtures.path("models/\(name)"))
    let gguf = try ModelFile(path: Fixtures.path("models/\(name).gguf"))
    #expect(folder.architecture == gguf.architecture)
    #expect(folder.name == name)
    #expect(folder.tensors.keys.sorted() == gguf.tensors.keys.sorted())
    for (key, tensor) in folder.tensors {
      #expect(tensor.shape == gguf.tensors[key]?.shape)
      #expect(tensor.type == gguf.tensors[key]?.type)
      #expect(tensor.interleavedHeadLength == nil)
    }
    let (ours, theirs) = (folder.vocabulary, gguf.vocabulary)
    #expect(ours.model == theirs.model)
    #expect(ours.preTokenizer == theirs.preTokenizer)
    #expect(ours.tokens == theirs.tokens)
    #expect(ours.types == theirs.types)
    #expect(ours.merges == theirs.merges)
    #expect(ours.beginOfText == theirs.beginOfText)
    #expect(ours.endOfText == theirs.endOfText)
    #expect(ours.addsBeginOfText == theirs.addsBeginOfText)
    #expect(ours.chatTemplate == theirs.chatTemplate)
  }

  @Test(
    "a folder of any architecture says what its GGUF says", arguments: Fixtures.architecturesInBoth)
  func architecture(name: String) throws {
    let folder = try ModelFile(path: Fixtures.path("models/\(name)"))
    let gguf = try ModelFile(path: Fixtures.path("models/\(name).gguf"))
    #expect(folder.architecture == gguf.architecture)
    #expect(folder.tensors.keys.sorted() == gguf.tensors.keys.sorted())
  }

  @Test("a file that is missing is named", arguments: ["tokenizer", "model"])
  func missing(name: String) throws {
    let file = name + (name == "model" ? ".safetensors" : ".json")
    let folder = try scratch.copy(file) { _ in nil }
    let error = #expect(throws: SystemError.self) { try ModelFile(path: folder) }
    #expect(error?.isMissingInput == true)
    #expect(error?.path == "\(folder)/\(file)")
  }

  @Test("a folder without config.json is no model; a GGUF in it is named")
  func noModel() throws {
    let folder = try scratch.copy("config.json") { _ in nil }
    let error = #expect(throws: NoModelInFolder.self) { try ModelFile(path: folder) }
    #expect(error?.description.hasPrefix("\(folder)/config.json: no such file") == true)
    try Data().write(to: URL(filePath: folder + "/b.gguf"))
    let named = #expect(throws: NoModelInFolder.self) { try ModelFile(path: folder) }
    #expect(named?.description.hasSuffix("; name \(folder)/b.gguf") == true)
  }
}
