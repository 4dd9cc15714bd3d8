import ByteIO
package import CacheCodec
import CacheFormat
import Inference
import ModelFiles

/// A snapshot's whole cache as another engine's file.
///
/// Such files lay their numbers out as the model's architecture does, which a snapshot does not
/// name, so the model is needed.
package struct EngineExport {
  /// The engine that is to read the file.
  package enum Engine: Sendable {
    /// llama.cpp, as `llama_state_seq_load_file` reads one sequence.
    case llama
    /// mlx-lm, as `load_prompt_cache` reads it.
    case mlx
  }

  let chain: SnapshotChain
  let model: ModelConfig

  /// Writes the file; one layer is in memory at a time. Elements have the cache's own type.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `ForeignCacheError` if pairs are missing; `IdentityMismatch`, `IdentityNotProven`;
  ///   `CompressionNotStored`, `MalformedFile`, `SystemError`; as `SnapshotChain`.
  package static func run(
    snapshot: String, with companions: Companions, for engine: Engine, _ model: LoadedModel,
    out: String
  ) throws -> UInt64 {
    let chain = try SnapshotChain(path: snapshot, with: companions)
    try chain.checkStored(compression: nil)
    try chain.checkDecodable(compression: nil)
    _ = try model.proof(of: chain.metadata.identity, path: snapshot, trusts: false)
    let shape = KVCache.Shape(chain.metadata.context)
    guard chain.isWhole else { throw ForeignCacheError(path: snapshot, problem: .notWhole) }
    guard shape == model.engine.cacheShape else {
      throw IdentityMismatch(path: snapshot, differing: [.architecture])
    }
    // Some formats have all keys first.
    chain.keepDecodedBlocks()
    let export = EngineExport(chain: chain, model: model.engine.architecture)
    var file = try SequentialFile(path: out)
    switch engine {
    case .llama: try export.writeLlama(to: &file)
    case .mlx: try export.writeMLX(to: &file)
    }
    return try file.commit()
  }

  var tokens: [UInt32] { chain.metadata.tokens }

  /// The number of tokens.
  var count: Int { tokens.count }

  var context: ContextDescription { chain.metadata.context.held }

  /// The bytes of each head's keys or values in a layer, in order of position.
  func heads(_ tensor: ChunkTable.Tensor, layer: Int) throws -> [[UInt8]] {
    try chain.readLayer(layer, compression: nil).heads.enumerated().map { head, pairs in
      chain.heldBytes(
        tensor == .keys ? pairs.keys : pairs.values, of: tensor, layer: layer, head: head,
        positions: pairs.positions)
    }
  }
}
