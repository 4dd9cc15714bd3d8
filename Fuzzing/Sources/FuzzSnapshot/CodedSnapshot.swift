import ByteIO
import CacheCodec
import CacheFormat
import Harness

/// A transform-coded snapshot has positions without its transform, and no pairs. With it, it has
/// all pairs at ascending positions, or names the damage.
///
/// - Parameter isValid: Whether `verify` accepts the file without its transform.
func checkCoded(
  _ path: String, _ reader: SnapshotReader, _ layer: Int, _ companions: Companions, isValid: Bool
) throws {
  try checkPositions(reader, layer, isValid: isValid)
  let chain = try SnapshotChain(path: path, with: companions)
  guard try hasTransforms(chain) else { return }
  do {
    let pairs = try chain.readLayer(layer, compression: chain.leastCompression)
    for head in pairs.heads { checkPairs(of: head, chain.metadata.context, layer: layer) }
    require(
      try chain.readLayer(layer, compression: chain.leastCompression) == pairs,
      "the same blocks decode alike")
  } catch is MalformedFile {
    // Blocks with right checksums may be damaged all the same.
  }
}

private func hasTransforms(_ chain: SnapshotChain) throws -> Bool {
  do {
    try chain.checkDecodable(compression: nil)
    return true
  } catch is TransformMissing {
    return false
  }
}

private func checkPositions(_ reader: SnapshotReader, _ layer: Int, isValid: Bool) throws {
  let chain = SnapshotChain(alone: reader)
  do {
    let positions = try chain.readPositions(layer: layer, compression: nil)
    require(
      positions.allSatisfy { $0.count == reader.metadata.tiers.tokens }, "every pair is there")
    _ = try chain.readLayer(layer, compression: nil)
    require(false, "no pairs without the transform")
  } catch is MalformedFile {
    require(!isValid, "what verifies can be read")
  } catch is TransformMissing {}
}
