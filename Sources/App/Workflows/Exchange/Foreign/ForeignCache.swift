import ByteIO
import CacheFormat
import Inference
import ModelFiles

/// A KV cache in another engine's file: where its numbers are. All of them lie inside the file.
struct ForeignCache {
  /// What kind of file it is.
  let format: ForeignFormat
  /// The file.
  let file: MappedFile
  /// The token ids that the file has, at least as many as `length`; nil if it has none.
  var tokens: [UInt32]?
  /// The number of tokens whose pairs every layer holds, from position 0 on.
  let length: Int
  /// The layers of the model.
  let layers: [ForeignLayer]
  /// How the text relates to the next prompt.
  var promptForm = ContextDescription.PromptForm.plain
  /// The digests of the model, which only files of this program have.
  var identity: Identity?

  /// The widest type of its elements, which holds all of them without loss.
  var element: KVCache.DType {
    let types = Set(layers.flatMap { [$0.keys.type, $0.values.type] })
    return types.count == 1 ? types.first ?? .f32 : .f32
  }
}

extension ForeignCache {
  /// Opens a file, whose format its content tells.
  ///
  /// - Throws: `SystemError`; `MalformedFile` if its bytes break the format; `ForeignCacheError` if
  ///   it is of no known format, needs what is not supported, or is no cache of such a model.
  init(path: String, of model: ModelConfig) throws {
    let file = try MappedFile(path: path)
    switch try ForeignFormat(recognizing: file) {
    case .llamaSession, .llamaSequence: self = try LlamaState(file, of: model).cache
    case .mlx, .tensors:
      let tensors = try CacheFile(path: path, of: model)
      self = try tensors.isMLX ? tensors.mlxCache() : tensors.plainCache()
    }
  }
}

/// A kind of file with a KV cache.
package enum ForeignFormat: String, Sendable, Encodable {
  /// What `llama_state_save_file` writes: a whole context of llama.cpp.
  case llamaSession = "llama.cpp session"
  /// What `llama_state_seq_save_file` writes: one sequence of llama.cpp.
  case llamaSequence = "llama.cpp sequence"
  /// What `save_prompt_cache` of mlx-lm writes.
  case mlx = "mlx-lm prompt cache"
  /// Tensors by this program's names, as `export` writes them.
  case tensors = "safetensors cache"

  /// The format that the first bytes tell.
  fileprivate init(recognizing file: MappedFile) throws {
    var reader = ByteReader(file.bytes, path: file.path, section: "header")
    let magic = reader.remaining < 4 ? 0 : try reader.read(UInt32.self)
    switch magic {
    case LlamaState.sessionMagic: self = .llamaSession
    case LlamaState.sequenceMagic: self = .llamaSequence
    default:
      // A safetensors file begins with its header's length in 64 bits, and JSON.
      var start = ByteReader(file.bytes, path: file.path, section: "header")
      guard start.remaining > 8, try start.read(UInt64.self) >> 32 == 0,
        try start.read(UInt8.self) == UInt8(ascii: "{")
      else {
        var start = ByteReader(file.bytes, path: file.path, section: "header")
        let first = try start.readBytes(min(16, start.remaining))
        throw ForeignCacheError(
          path: file.path, problem: .unknownFormat(KnownFile.name(startingWith: first)))
      }
      self = .tensors
    }
  }
}

/// One layer's keys and values.
struct ForeignLayer {
  let keys, values: ForeignRows
}
