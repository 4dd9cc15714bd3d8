import ByteIO
import CacheFormat
import Inference
import ModelFiles
import Tokenization

extension Identity {
  /// The identity of a model, as section 3.1 of the format's specification defines it.
  ///
  /// - Parameter cache: Where the weights' digest is remembered, since computing it reads all of
  ///   them.
  init(of engine: Engine, _ tokenizer: Tokenizer, cache: IdentityCache?) {
    let tensors = engine.tensors
    let weights =
      cache?.digest(of: tensors) { Self.weights(tensors) } ?? Self.weights(tensors)
    self.init(
      weights: weights, architecture: Self.architecture(engine.architecture),
      rope: Self.rope(engine.architecture), tokenizer: Self.tokenizer(tokenizer))
  }

  private static func weights(_ tensors: [WeightMatrix]) -> Digest {
    let digests = concurrentMap(tensors.count) { index in
      var hash = SHA256()
      for row in 0..<tensors[index].rows {
        let values = tensors[index].decodedRow(row)
        unsafe hash.update(values.span.bytes)
      }
      tensors[index].releasePages()
      return hash.finish()
    }
    var record = ByteWriter()
    for (tensor, digest) in zip(tensors, digests) {
      record.writeText(tensor.name)
      record.write(UInt32(tensor.shape.count))
      for length in tensor.shape { record.write(UInt64(length)) }
      record.write(digest)
    }
    return Digest(of: record.bytes)
  }

  private static func architecture(_ model: ModelConfig) -> Digest {
    var record = ByteWriter()
    record.writeText(model.name)
    for size in [
      model.layers, model.embeddingLength, model.feedForwardLength, model.queryHeads,
      model.kvHeads, model.keyLength, model.valueLength, model.vocabularySize,
    ] { record.write(UInt32(size)) }
    record.write(model.normEpsilon)
    writeFeatures(model, to: &record)
    return Digest(of: record.bytes)
  }

  /// What a plain `llama` does not have, each after its name.
  private static func writeFeatures(
    _ model: ModelConfig, to record: inout ByteWriter
  ) {
    if !model.slidingWindows.isEmpty {
      record.writeText("windows")
      for window in model.slidingWindows { record.write(UInt32(window ?? 0)) }
    }
    if model.hasProjectionBiases { record.writeText("projection_biases") }
    if model.queryKeyNorm != .none {
      record.writeText("query_key_norm")
      record.write(model.queryKeyNorm.rawValue)
    }
    if model.normPlace != .before {
      record.writeText("norm_place")
      record.write(model.normPlace.rawValue)
    }
    if model.activation != .silu {
      record.writeText("activation")
      record.writeText(model.activation.rawValue)
    }
    for (name, number) in [
      ("embedding_scale", model.embeddingScale == 1 ? nil : model.embeddingScale),
      ("attention_scale", model.attentionScale), ("attention_cap", model.attentionSoftcap),
      ("logit_cap", model.logitSoftcap),
    ] {
      guard let number else { continue }
      record.writeText(name)
      record.write(number)
    }
  }

  private static func rope(_ model: ModelConfig) -> Digest {
    var record = ByteWriter()
    write(model.rope, to: &record)
    if let local = model.localRope {
      record.writeText("local")
      write(local, to: &record)
    }
    return Digest(of: record.bytes)
  }

  private static func write(_ rope: RoPE, to record: inout ByteWriter) {
    record.writeText(rope.scaling.name)
    record.write(UInt32(rope.dimensions))
    record.write(rope.base)
    guard rope.scaling != .none || rope.attentionFactor != 1 else { return }
    record.write(rope.attentionFactor)
    switch rope.scaling {
    case .none: break
    case .fixed(let factors):
      for factor in factors { record.write(factor) }
    case .dynamic(let factor, let context):
      record.write(UInt32(context))
      record.write(factor)
    case .byLength(let short, let long, let context):
      record.write(UInt32(context))
      for factor in short + long { record.write(factor) }
    }
  }

  /// The digest of a tokenizer alone.
  static func tokenizer(_ tokenizer: Tokenizer) -> Digest {
    var hash = SHA256()
    tokenizer.writeCanonicalBytes { hash.update($0) }
    return Digest(hash.finish())
  }
}

extension RoPE.Scaling {
  /// The name in the RoPE digest.
  fileprivate var name: String {
    switch self {
    case .none: "none"
    case .fixed: "factors"
    case .dynamic: "dynamic"
    case .byLength: "longrope"
    }
  }
}
