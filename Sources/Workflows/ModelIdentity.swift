import ByteIO
import CacheFormat
import Dispatch
import Inference
import ModelFiles
import Synchronization
import Tokenization

extension Identity {
  /// The identity of a model, as section 3.1 of the format's specification defines it.
  init(of engine: Engine, rope: ArchitectureDescription.RoPE, _ tokenizer: Tokenizer) {
    self.init(
      weights: Self.weights(engine.tensors), architecture: Self.architecture(engine.architecture),
      rope: Self.rope(rope), tokenizer: Self.tokenizer(tokenizer))
  }

  private static func weights(_ tensors: [WeightMatrix]) -> Digest {
    let digests = Mutex([[UInt8]](repeating: [], count: tensors.count))
    DispatchQueue.concurrentPerform(iterations: tensors.count) { index in
      var hash = SHA256()
      for row in 0..<tensors[index].rows {
        let values = tensors[index].decodedRow(row)
        unsafe hash.update(values.span.bytes)
      }
      tensors[index].letGo()
      let digest = hash.finish()
      digests.withLock { $0[index] = digest }
    }
    var record = ByteWriter()
    for (tensor, digest) in zip(tensors, digests.withLock { $0 }) {
      record.writeText(tensor.name)
      record.write(UInt32(tensor.shape.count))
      for length in tensor.shape { record.write(UInt64(length)) }
      record.write(digest)
    }
    return Digest(of: record.bytes)
  }

  private static func architecture(_ model: ArchitectureDescription) -> Digest {
    var record = ByteWriter()
    record.writeText(model.name)
    for size in [
      model.layers, model.embeddingLength, model.feedForwardLength, model.queryHeads,
      model.kvHeads, model.keyLength, model.valueLength, model.vocabularySize,
    ] { record.write(UInt32(size)) }
    record.write(model.normEpsilon)
    return Digest(of: record.bytes)
  }

  private static func rope(_ rope: ArchitectureDescription.RoPE) -> Digest {
    var record = ByteWriter()
    record.writeText("none")
    record.write(UInt32(rope.dimensions))
    record.write(rope.base)
    return Digest(of: record.bytes)
  }

  private static func tokenizer(_ tokenizer: Tokenizer) -> Digest {
    var hash = SHA256()
    tokenizer.writeCanonicalBytes { hash.update($0) }
    return Digest(hash.finish())
  }
}
