import CacheFormat
import Glibc

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
  private let rotations: [Rotation]

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
    var rotations: [Rotation] = []
    for layer in heads.lowerBound / context.kvHeads...(heads.upperBound - 1) / context.kvHeads {
      let layer = rope.layers[layer]
      if let last = rotations.last, last.isOf(layer) {
        rotations.append(last)
      } else {
        rotations.append(Rotation(layer, positions))
      }
    }
    self.rotations = rotations
  }

  private var keyBytes: Int { tokens * context.keyLength * context.keyCodec.width }
  private var valueBytes: Int { tokens * context.valueLength * context.valueCodec.width }
  private var vectorLength: Int { heads.count * (context.keyLength + context.valueLength) }

  private func rotation(of head: Int) -> Rotation {
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
      rotation(of: head).turn(rows, first, vectorLength, context.keyLength, into: &part)
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
      rotation(of: head).turnBack(keys, context.keyLength, into: &rows, first, vectorLength)
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

/// The rotations of one layer's keys at some positions (spec, section 4.6).
private struct Rotation {
  private let layer: LayerRoPE.Layer
  private let tokens: Int
  /// [tokens][planes]
  private let cosines, sines: [Float]

  private var planes: Int { layer.frequencies.count }

  init(_ layer: LayerRoPE.Layer, _ positions: Range<Int>) {
    (self.layer, tokens) = (layer, positions.count)
    var (cosines, sines): ([Float], [Float]) = ([], [])
    cosines.reserveCapacity(positions.count * layer.frequencies.count)
    sines.reserveCapacity(positions.count * layer.frequencies.count)
    for position in positions {
      for frequency in layer.frequencies {
        let angle = Double(Float(position) * frequency)
        cosines.append(Float(cos(angle)))
        sines.append(Float(sin(angle)))
      }
    }
    (self.cosines, self.sines) = (cosines, sines)
  }

  /// Whether the layer's keys are rotated like this.
  func isOf(_ other: LayerRoPE.Layer) -> Bool {
    layer.frequencies == other.frequencies && layer.magnitude == other.magnitude
  }

  /// Keys after RoPE.
  ///
  /// - Parameters:
  ///   - rows: [tokens][width]; a key begins at `first` of each row.
  ///   - keys: [tokens][length].
  func turn(
    _ rows: [Float], _ first: Int, _ width: Int, _ length: Int, into keys: inout [Float]
  ) {
    for token in 0..<tokens {
      let (row, key) = (token * width + first, token * length)
      for plane in 0..<planes {
        let (x, y) = (rows[row + plane], rows[row + plane + planes])
        let cosine = cosines[token * planes + plane] * layer.magnitude
        let sine = sines[token * planes + plane] * layer.magnitude
        keys[key + plane] = x * cosine - y * sine
        keys[key + plane + planes] = y * cosine + x * sine
      }
      for index in 2 * planes..<length { keys[key + index] = rows[row + index] }
    }
  }

  /// Keys before RoPE.
  func turnBack(
    _ keys: [Float], _ length: Int, into rows: inout [Float], _ first: Int, _ width: Int
  ) {
    for token in 0..<tokens {
      let (row, key) = (token * width + first, token * length)
      for plane in 0..<planes {
        let (x, y) = (keys[key + plane], keys[key + plane + planes])
        let cosine = cosines[token * planes + plane] / layer.magnitude
        let sine = sines[token * planes + plane] / layer.magnitude
        rows[row + plane] = x * cosine + y * sine
        rows[row + plane + planes] = y * cosine - x * sine
      }
      for index in 2 * planes..<length { rows[row + index] = keys[key + index] }
    }
  }
}
