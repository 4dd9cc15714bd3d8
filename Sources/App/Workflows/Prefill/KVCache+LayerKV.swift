import Inference
import QFilters

extension KVCache {
  /// The last pairs of a layer as floats. They are at the same positions in all heads.
  func pairs(ofLayer layer: Int, last: Int) -> LayerKV {
    pairs(ofLayer: layer, at: positions(layer: layer, head: 0).suffix(last))
  }

  /// The pairs of a layer at some positions as floats.
  ///
  /// - Parameter positions: Ascending; all heads hold them.
  func pairs(ofLayer layer: Int, at positions: ArraySlice<UInt32>) -> LayerKV {
    var (keys, values): ([[Float]], [[Float]]) = ([], [])
    for head in 0..<shape.kvHeads {
      let places = places(of: positions, layer: layer, head: head)
      let first = places.first ?? 0
      let rows = places.map { $0 - first }
      keys.append(
        decodedKeys(layer: layer, head: head, after: first).rows(rows, of: shape.keyLength))
      values.append(
        decodedValues(layer: layer, head: head, after: first).rows(rows, of: shape.valueLength))
    }
    return LayerKV(
      layer: layer, positions: Array(positions), keys: keys, values: values,
      keyLength: shape.keyLength, valueLength: shape.valueLength, nextPosition: nextPosition)
  }

  /// Where a head holds some positions, which are ascending.
  private func places(of positions: ArraySlice<UInt32>, layer: Int, head: Int) -> [Int] {
    let held = self.positions(layer: layer, head: head)
    // The last pairs, mostly.
    guard held.suffix(positions.count) != positions else {
      return Array(held.count - positions.count..<held.count)
    }
    var next = positions.startIndex
    return held.indices.filter { place in
      guard next < positions.endIndex, held[place] == positions[next] else { return false }
      next += 1
      return true
    }
  }

  /// The positions after each head's first `seen[head]` pairs that all heads of a layer hold.
  func commonPositions(layer: Int, after seen: ArraySlice<Int>) -> [UInt32] {
    let heads = seen.enumerated().map { head, seen in
      positions(layer: layer, head: head).dropFirst(seen)
    }
    guard let first = heads.first, heads.dropFirst().contains(where: { $0 != first }) else {
      return Array(heads.first ?? [])
    }
    let others = heads.dropFirst().map(Set.init)
    return first.filter { position in others.allSatisfy { $0.contains(position) } }
  }
}

extension [Float] {
  /// Some rows of a matrix of `length` columns.
  fileprivate func rows(_ rows: [Int], of length: Int) -> [Float] {
    guard rows.count * length < count else { return self }
    return rows.flatMap { self[$0 * length..<($0 + 1) * length] }
  }
}
