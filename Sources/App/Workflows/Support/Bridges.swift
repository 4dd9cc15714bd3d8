import CacheFormat
import Inference
import ModelFiles
import QFilters

// The file side and the engine have types of their own for the same things, because neither imports
// the other. This is where one becomes the other.

extension KVCache.DType {
  /// The element of a file's element type. A cache has no quantised elements.
  init(_ codec: ElementCodec) {
    switch codec {
    case .float16: self = .f16
    case .bfloat16: self = .bf16
    default: self = .f32
    }
  }
}

extension ElementCodec {
  /// The element type of a cache's elements in a file.
  init(_ dtype: KVCache.DType) {
    self =
      switch dtype {
      case .f16: .float16
      case .bf16: .bfloat16
      case .f32: .float32
      }
  }
}

extension QuantisedKV.Form {
  /// The form in which a cache holds what a file stores by this codec.
  init(_ codec: ElementCodec) {
    switch codec {
    case .int8: self = .int8
    case .int4: self = .int4
    default: self = .elements
    }
  }
}

extension KVCache.Shape {
  /// The shape of a cache that a snapshot holds.
  init(_ context: ContextDescription) {
    self.init(
      layers: context.layers, kvHeads: context.kvHeads, keyLength: context.keyLength,
      valueLength: context.valueLength)
  }
}

extension FilterShape {
  /// The shape of a model's filters.
  init(of model: ModelConfig) {
    self.init(layers: model.layers, kvHeads: model.kvHeads, headLength: model.keyLength)
  }

  /// The shape of filters that fit a snapshot's cache.
  init(of context: ContextDescription) {
    self.init(layers: context.layers, kvHeads: context.kvHeads, headLength: context.keyLength)
  }
}

extension CacheShape {
  /// The shape of a model's caches.
  init(of model: ModelConfig) {
    self.init(
      layers: model.layers, kvHeads: model.kvHeads, keyLength: model.keyLength,
      valueLength: model.valueLength)
  }
}
