import Platform

/// The rotations of one layer's keys at some positions (spec, section 4.6).
package struct KeyRotation: Sendable {
  private let layer: LayerRoPE.Layer
  private let tokens: Int
  /// [tokens][planes]
  private let cosines, sines: [Float]

  private var planes: Int { layer.frequencies.count }

  /// Computes cosines and sines.
  package init(_ layer: LayerRoPE.Layer, at positions: [UInt32]) {
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
  package func isOf(_ other: LayerRoPE.Layer) -> Bool {
    layer.frequencies == other.frequencies && layer.magnitude == other.magnitude
  }

  /// Keys after RoPE.
  ///
  /// - Parameters:
  ///   - rows: [tokens][width]; a key begins at `first` of each row.
  ///   - keys: [tokens][length].
  package func turn(
    _ rows: [Float], first: Int, width: Int, length: Int, into keys: inout [Float]
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

  /// Keys before RoPE; parameters as in `turn`.
  package func turnBack(
    _ keys: [Float], length: Int, into rows: inout [Float], first: Int, width: Int
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
