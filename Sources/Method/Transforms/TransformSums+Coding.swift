import ByteIO
import CacheFormat

/// The section `SUMS` (spec, section 11.6).
extension TransformSums {
  /// Adds other sums of the same model.
  ///
  /// - Parameter other: It has the same shape, RoPE and metrics of values.
  public mutating func add(_ other: TransformSums) {
    precondition(isOfSameModel(as: other), "sums of another model")
    positions += other.positions
    probes += other.probes
    func add(_ values: [Double], to sums: inout [Double]) {
      for index in sums.indices { sums[index] += values[index] }
    }
    for group in groups.indices {
      add(other.sums[group], to: &sums[group])
      add(other.grams[group], to: &grams[group])
    }
    add(other.queries, to: &queries)
    add(other.sensitivity, to: &sensitivity)
  }

  /// Whether sums of both can be added.
  public func isOfSameModel(as other: TransformSums) -> Bool {
    shape == other.shape && rope == other.rope && values == other.values
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    shape.write(to: &writer)
    writer.write(UInt64(clamping: positions))
    writer.write(UInt64(clamping: probes))
    for group in groups.indices {
      for sum in sums[group] { writer.write(sum) }
      let length = sums[group].count
      for row in 0..<length {
        for column in 0...row { writer.write(grams[group][column * length + row]) }
      }
    }
    for sum in queries + sensitivity { writer.write(sum) }
    for matrix in values {
      for row in 0..<shape.valueLength {
        for column in 0...row { writer.write(matrix[row * shape.valueLength + column]) }
      }
    }
    return writer.bytes
  }

  private static let greatestCount = UInt64(1) << 53

  /// - Parameter rope: Reads the section `rope`, which belongs to a shape.
  init(_ section: Section, rope: (CacheShape) throws -> LayerRoPE) throws {
    var reader = section.reader
    let shape = try CacheShape(&reader)
    // Sizes of a hostile file: nothing is allocated before the file is known to hold it. Each head
    // has more than 8 bytes.
    guard reader.remaining / 8 >= shape.heads else { throw reader.error("fewer sums than heads") }
    let triangle = shape.valueLength * (shape.valueLength + 1) / 2
    let groups = Self.groups(of: shape)
    let numbers = groups.reduce(shape.heads * (shape.keyLength + 2)) { count, heads in
      let length = heads.count * shape.pairLength
      return count + length + length * (length + 1) / 2
    }
    guard reader.remaining == 16 + 8 * numbers + 4 * shape.heads * triangle else {
      throw reader.error("\(reader.remaining) bytes of sums where the sizes give another number")
    }
    let (positions, probes) = (try reader.read(UInt64.self), try reader.read(UInt64.self))
    guard positions <= Self.greatestCount, probes <= Self.greatestCount else {
      throw reader.error("an impossible number of positions or probes")
    }
    self.init(shape: shape, rope: try rope(shape), values: [])
    (self.positions, self.probes) = (Int(positions), Int(probes))
    for group in groups.indices {
      let length = sums[group].count
      sums[group] = try reader.readSums(length)
      for row in 0..<length {
        let part = try reader.readSums(row + 1)
        guard part[row] >= 0 else { throw reader.error("a sum of squares is negative") }
        for (column, sum) in part.enumerated() { grams[group][column * length + row] = sum }
      }
    }
    queries = try reader.readSums(queries.count)
    sensitivity = try reader.readSums(sensitivity.count)
    guard (queries + sensitivity).allSatisfy({ $0 >= 0 }) else {
      throw reader.error("a sum of squares is negative")
    }
    for _ in 0..<shape.heads { values.append(try reader.readMatrix(shape.valueLength)) }
  }
}

extension ByteReader {
  fileprivate mutating func readSums(_ count: Int) throws(MalformedFile) -> [Double] {
    let sums = try readArray(UInt64.self, count: count).map(Double.init(bitPattern:))
    guard sums.allSatisfy(\.isFinite) else { throw error("a sum is not finite") }
    return sums
  }

  /// A symmetric matrix from its lower triangle.
  fileprivate mutating func readMatrix(_ length: Int) throws(MalformedFile) -> [Float] {
    var matrix = [Float](repeating: 0, count: length * length)
    for row in 0..<length {
      let part = try readArray(UInt32.self, count: row + 1).map(Float.init(bitPattern:))
      guard part.allSatisfy(\.isFinite) else { throw error("a metric is not finite") }
      for (column, value) in part.enumerated() {
        matrix[row * length + column] = value
        matrix[column * length + row] = value
      }
    }
    return matrix
  }
}
