import CacheFormat

/// The pairs of one block: as vectors, which a transform codes, and as elements of the cache (spec,
/// sections 5.8 and 11).
///
/// As elements, each head has [positions][keyLength] keys after RoPE, then
/// [positions][valueLength] values.
struct BlockRows {
  private let context: ContextDescription
  private let heads: Range<Int>
  private let tokens: Int
  /// [layers of the heads]
  private let rotations: [KeyRotation]

  /// No element is greater in magnitude.
  private static let greatest: Float = 65504

  /// - Parameters:
  ///   - heads: Counted through all layers.
  ///   - positions: From the start of the context.
  init(
    _ context: ContextDescription, rope: LayerRoPE, heads: Range<Int>, positions: Range<Int>
  ) {
    (self.context, self.heads) = (context, heads)
    tokens = positions.count
    var rotations: [KeyRotation] = []
    for layer in heads.lowerBound / context.kvHeads...(heads.upperBound - 1) / context.kvHeads {
      let layer = rope.layers[layer]
      if let last = rotations.last, last.isOf(layer) {
        rotations.append(last)
      } else {
        rotations.append(KeyRotation(layer, at: positions.map(UInt32.init)))
      }
    }
    self.rotations = rotations
  }

  private var keyBytes: Int { tokens * context.rowBytes(of: .keys, layer: 0) }
  private var valueBytes: Int { tokens * context.rowBytes(of: .values, layer: 0) }
  private var vectorLength: Int { heads.count * (context.keyLength + context.valueLength) }

  private func rotation(of head: Int) -> KeyRotation {
    rotations[head / context.kvHeads - heads.lowerBound / context.kvHeads]
  }

  /// Vectors as elements.
  ///
  /// - Parameter rows: [tokens][vectorLength].
  func elements(_ rows: [Float]) -> [UInt8] {
    precondition(rows.count == tokens * vectorLength)
    let headBytes = keyBytes + valueBytes
    var bytes = [UInt8](repeating: 0, count: heads.count * headBytes)
    let longest = max(context.keyLength, context.valueLength)
    var part = [Float](repeating: 0, count: tokens * longest)
    for (place, head) in heads.enumerated() {
      let first = place * (context.keyLength + context.valueLength)
      rotation(of: head).turn(
        rows, first: first, width: vectorLength, length: context.keyLength, into: &part)
      Self.store(
        part, context.keyCodec, tokens * context.keyLength, to: &bytes, at: place * headBytes)
      copy(rows, from: first + context.keyLength, to: &part)
      Self.store(
        part, context.valueCodec, tokens * context.valueLength, to: &bytes,
        at: place * headBytes + keyBytes)
    }
    return bytes
  }

  private func copy(_ rows: [Float], from first: Int, to part: inout [Float]) {
    let length = context.valueLength
    for token in 0..<tokens {
      for index in 0..<length {
        part[token * length + index] = rows[token * vectorLength + first + index]
      }
    }
  }

  /// Rounds numbers to elements.
  private static func store(
    _ floats: [Float], _ codec: ElementCodec, _ count: Int, to bytes: inout [UInt8],
    at offset: Int
  ) {
    let limited = floats.prefix(count).map { max(-greatest, min(greatest, $0)) }
    unsafe bytes.withUnsafeMutableBufferPointer { bytes in
      unsafe limited.withUnsafeBufferPointer { floats in
        if let target = bytes.baseAddress, let source = floats.baseAddress {
          unsafe CodecKernels.current.fromFloat(source, target + offset, codec, count)
        }
      }
    }
  }

  /// Elements as vectors; nil if one is greater than a block can hold, or not finite.
  ///
  /// - Parameter elements: As `elements` gives them.
  func vectors(_ elements: [UInt8]) -> [Float]? {
    let headBytes = keyBytes + valueBytes
    precondition(elements.count == heads.count * headBytes)
    var rows = [Float](repeating: 0, count: tokens * vectorLength)
    for (place, head) in heads.enumerated() {
      let start = place * headBytes
      let keys = context.keyCodec.floats(Array(elements[start..<start + keyBytes]))
      let values = context.valueCodec.floats(
        Array(elements[start + keyBytes..<start + headBytes]))
      guard (keys + values).allSatisfy({ abs($0) <= Self.greatest }) else { return nil }
      let first = place * (context.keyLength + context.valueLength)
      rotation(of: head).turnBack(
        keys, length: context.keyLength, into: &rows, first: first, width: vectorLength)
      for token in 0..<tokens {
        for index in 0..<context.valueLength {
          rows[token * vectorLength + first + context.keyLength + index] =
            values[token * context.valueLength + index]
        }
      }
    }
    return rows
  }
}
