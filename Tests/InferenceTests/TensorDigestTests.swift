import ByteIO
import Dispatch
import Inference
import Synchronization
import TestSupport
import Testing

@testable import ModelFiles

@Suite("Tensors of real and tiny files give the values that the gguf package reads, bit for bit")
struct TensorDigestTests {
  private struct Reference: Decodable {
    struct Tensor: Decodable {
      let name, type, sha256: String
    }
    let tensors: [Tensor]
  }

  @Test("every tensor of the tiny models, in half-split order", arguments: Fixtures.tinyModels)
  func tiny(name: String) throws {
    let model = try ModelFile(path: Fixtures.path("models/\(name)"))
    try compare(model.tensors, with: "models/\(name.split(separator: ".")[0]).json")
  }

  @Test("every tensor of Gemma 3 270M, whose types are mixed", .realModel)
  func gemma() throws {
    let file = try GGUFFile(MappedFile(path: Demo.gemma))
    #expect(Set(file.tensors.values.map(\.type)).isSuperset(of: [.q4_k, .q6_k, .q5_0, .q8_0]))
    try compare(file.tensors, with: "golden/gemma3-tensors.json")
  }

  private func compare(_ tensors: [String: Tensor], with fixture: String) throws {
    let expected = try Fixtures.json(fixture, as: Reference.self).tensors
    #expect(expected.count == tensors.count)
    let wrong = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: expected.count) { index in
      let reference = expected[index]
      let tensor = tensors[reference.name]
      if tensor?.type.name != reference.type || tensor.map(digest) != reference.sha256 {
        wrong.withLock { $0.append(reference.name) }
      }
    }
    #expect(wrong.withLock(\.self).sorted() == [])
  }

  private func digest(_ tensor: Tensor) -> String {
    let matrix = WeightMatrix(tensor)
    var hash = SHA256()
    for row in 0..<matrix.rows {
      let values = matrix.decodedRow(row)
      unsafe hash.update(values.span.bytes)
    }
    return hash.finish().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
