import ByteIO
import CCodecKernels
import CacheFormat

/// The codes of a quantised chunk, with their scales and minima (spec, section 5.6).
struct QuantisedRows {
  private var isByColumn = false
  private var rowLength = 0
  private var codes: [UInt8] = []
  private var scales: [UInt16] = []
  private var minima: [UInt16] = []

  /// Takes a chunk's streams.
  ///
  /// - Throws: `MalformedFile` if a scale or minimum is not finite, or a scale is negative.
  mutating func prepare(
    _ streams: borrowing ChunkStreams, shape: ChunkShape, place: ChunkPlace
  ) throws(MalformedFile) {
    isByColumn = shape.tensor == .keys
    rowLength = shape.rowLength
    var isPadded = true
    unsafe streams.withStreams { streams in
      let (elements, count) = (shape.elements, shape.parameters)
      codes =
        unsafe shape.codec == .int8
        ? Array(UnsafeBufferPointer(start: streams[0], count: elements))
        : (0..<elements).map { unsafe streams[0][$0 / 2] >> ($0 % 2 == 0 ? 0 : 4) & 15 }
      if shape.codec == .int4, !elements.isMultiple(of: 2) {
        isPadded = unsafe streams[0][elements / 2] >> 4 == 0
      }
      unsafe scales = Self.joined(low: streams[1], high: streams[2], count)
      unsafe minima = Self.joined(low: streams[3], high: streams[4], count)
    }
    guard isPadded else { throw place.error("a code too many") }
    guard scales.allSatisfy({ $0 < Self.infinity }) else {
      throw place.error("a scale that is not a number, or below 0")
    }
    guard minima.allSatisfy({ $0 & Self.infinity != Self.infinity }) else {
      throw place.error("a minimum that is not a finite number")
    }
  }

  private static let infinity: UInt16 = 0x7C00

  @unsafe private static func joined(
    low: UnsafePointer<UInt8>, high: UnsafePointer<UInt8>, _ count: Int
  ) -> [UInt16] {
    (0..<count).map { unsafe UInt16(low[$0]) | UInt16(high[$0]) << 8 }
  }

  /// The codes, scales and minima of some pairs.
  func part(
    _ pairs: Range<Int>, parameters: Range<Int>, slots: ArraySlice<UInt32>
  ) -> QuantisedBlock {
    QuantisedBlock(
      codes: codes[pairs.lowerBound * rowLength..<pairs.upperBound * rowLength],
      scales: scales[parameters], minima: minima[parameters], slots: slots)
  }

  /// Decodes one head's pairs, a group at a time.
  ///
  /// - Parameters:
  ///   - first: The head's first code.
  ///   - firstParameter: The head's first scale.
  ///   - slots: The row of `target` for each pair, or `noSlot`; nil keeps the order.
  @unsafe func decode(
    _ pairs: Int, first: Int, firstParameter: Int, slots: UnsafePointer<UInt32>?,
    element: ElementCodec, into target: UnsafeMutablePointer<UInt8>
  ) {
    let kernels = CodecKernels.current
    let rowBytes = rowLength * element.width
    var floats = [Float](repeating: 0, count: min(pairs, ChunkShape.groupSize) * rowLength)
    for start in stride(from: 0, to: pairs, by: ChunkShape.groupSize) {
      let rows = min(ChunkShape.groupSize, pairs - start)
      restore(
        rows, first: first + start * rowLength,
        parameter: firstParameter + (isByColumn ? start / ChunkShape.groupSize * rowLength : start),
        into: &floats)
      unsafe floats.withUnsafeBufferPointer { floats in
        guard let source = floats.baseAddress else { return }
        for row in 0..<rows {
          let slot = unsafe slots.map { unsafe Int($0[start + row]) } ?? start + row
          guard slot != Int(UInt32.noSlot) else { continue }
          unsafe kernels.fromFloat(
            source + row * rowLength, target + slot * rowBytes, element, rowLength)
        }
      }
    }
  }

  private func restore(_ rows: Int, first: Int, parameter: Int, into floats: inout [Float]) {
    let table = unsafe CodecKernels.current.table
    unsafe codes.withUnsafeBufferPointer { codes in
      unsafe scales.withUnsafeBufferPointer { scales in
        unsafe minima.withUnsafeBufferPointer { minima in
          guard let code = codes.baseAddress, let scale = scales.baseAddress,
            let minimum = minima.baseAddress
          else { return }
          let restore =
            unsafe isByColumn ? table.pointee.restore_columns : table.pointee.restore_rows
          let shape = ck_quantisation(rows: rows, columns: rowLength, levels: 0)
          unsafe restore?(code + first, shape, scale + parameter, minimum + parameter, &floats)
        }
      }
    }
  }
}
