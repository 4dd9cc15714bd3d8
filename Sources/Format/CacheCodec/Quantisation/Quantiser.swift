import CCodecKernels
import CacheFormat

/// Turns elements of a cache into the streams of a quantised chunk (spec, section 5.6).
struct Quantiser {
  private let codec: ElementCodec
  private let element: ElementCodec
  private let isByColumn: Bool
  private let rowLength: Int
  private var codes: [UInt8] = []
  private var scales: [UInt16] = []
  private var minima: [UInt16] = []

  /// Prepares for a chunk of that shape. `element` is the type of its elements in the cache.
  init(_ shape: ChunkShape, element: ElementCodec) {
    codec = shape.codec
    self.element = element
    isByColumn = shape.tensor == .keys
    rowLength = shape.rowLength
    codes.reserveCapacity(shape.elements)
  }

  /// Adds one head's elements, pair by pair; false if a number cannot be stored.
  mutating func append(_ rows: ArraySlice<UInt8>) -> Bool {
    let rowBytes = rowLength * element.width
    let pairs = rows.count / rowBytes
    for start in stride(from: 0, to: pairs, by: ChunkShape.groupSize) {
      let count = min(ChunkShape.groupSize, pairs - start)
      let first = rows.startIndex + start * rowBytes
      guard appendGroup(rows[first..<first + count * rowBytes], count) else { return false }
    }
    return true
  }

  private mutating func appendGroup(_ bytes: ArraySlice<UInt8>, _ rows: Int) -> Bool {
    let (count, kernels) = (rows * rowLength, CodecKernels.current)
    var floats = [Float](repeating: 0, count: count)
    unsafe bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress { unsafe kernels.toFloat(source, element, &floats, count) }
    }
    var newCodes = [UInt8](repeating: 0, count: count)
    var newScales = [UInt16](repeating: 0, count: isByColumn ? rowLength : rows)
    var newMinima = newScales
    let table = unsafe kernels.table.pointee
    let quantise = unsafe isByColumn ? table.quantise_columns : table.quantise_rows
    let shape = ck_quantisation(rows: rows, columns: rowLength, levels: codec == .int8 ? 255 : 15)
    let isStorable = unsafe quantise?(floats, shape, &newScales, &newMinima, &newCodes)
    codes += newCodes
    scales += newScales
    minima += newMinima
    return isStorable == 1
  }

  /// The chunk's streams, decoded.
  var streams: [[UInt8]] {
    [packed]
      + [scales, minima].flatMap { parameters in
        [parameters.map { UInt8($0 & 0xFF) }, parameters.map { UInt8($0 >> 8) }]
      }
  }

  /// Two codes of 4 bits in a byte, the first in the low bits.
  private var packed: [UInt8] {
    guard codec == .int4 else { return codes }
    return stride(from: 0, to: codes.count, by: 2).map { index in
      codes[index] | (index + 1 < codes.count ? codes[index + 1] << 4 : 0)
    }
  }
}
