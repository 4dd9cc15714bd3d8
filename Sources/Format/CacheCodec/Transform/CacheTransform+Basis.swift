import ByteIO
import CacheFormat
import Dispatch
import Platform
import Synchronization

/// The section `BASE` (spec, section 11.2): the bases, coded like a cache's factors, in runs of 256
/// elements of all of a group's components.
extension CacheTransform {
  /// The section's bytes.
  func encodedBasis(_ tables: CoderTables) -> [UInt8] {
    var writer = ByteWriter()
    for group in groups {
      let shifts = group.deviations.map { Self.shift(deviation: $0, finest: steps.high) }
      for start in stride(from: 0, to: group.length, by: SymbolPlanes.longest) {
        let run = start..<min(group.length, start + SymbolPlanes.longest)
        let deviations = group.components(run, shifts)
        let planes = SymbolPlanes(
          deviations: deviations, tokens: run.count, tables: tables)
        let integers = run.flatMap { index in
          (0..<group.components).map { group.basis[$0 * group.length + index] >> shifts[$0] }
        }
        let zeros = [Int8](repeating: 0, count: run.count)
        let bytes = planes.encode(
          integers, depth: group.components, gains: zeros, offsets: zeros)
        for deviation in deviations { writer.write(Int8(deviation)) }
        writer.write(UInt32(bytes.count))
        writer.write(bytes)
      }
    }
    return writer.bytes
  }
}

extension CacheTransform.Description {
  /// Reads the groups' bases, on all processors.
  ///
  /// - Throws: `MalformedFile`.
  mutating func decodeBasis(_ section: Section, _ tables: CoderTables) throws {
    var reader = section.reader
    let finest = steps.high
    let runs = try groups.map { try BasisRun.runs(of: $0, &reader, section) }
    try reader.expectEnd()
    let results = Mutex([Int: Result<[Int16], any Error>]())
    let descriptions = groups
    DispatchQueue.concurrentPerform(iterations: groups.count) { index in
      let group = descriptions[index]
      let basis = Result {
        var basis = group.basis
        for run in runs[index] { try run.decode(group, tables, finest: finest, into: &basis) }
        return basis
      }
      results.withLock { $0[index] = basis }
    }
    for index in groups.indices {
      if let basis = results.withLock({ $0[index] }) { groups[index].basis = try basis.get() }
    }
  }
}

/// The elements of up to 256 indices of all components of a group.
private struct BasisRun: Sendable {
  private let elements: Range<Int>
  private let deviations: [Int]
  private let block: Section

  /// Reads where a group's runs are.
  static func runs(
    of group: CacheTransform.Group, _ reader: inout ByteReader, _ section: Section
  ) throws(MalformedFile) -> [BasisRun] {
    var runs: [BasisRun] = []
    for start in stride(from: 0, to: group.length, by: SymbolPlanes.longest) {
      let deviations = try reader.readArray(Int8.self, count: group.components).map(Int.init)
      guard deviations.allSatisfy(SymbolPlanes.deviations.contains) else {
        throw reader.error("a deviation out of range")
      }
      let count = try reader.read(UInt32.self)
      let bytes = try reader.readBytes(Int(count))
      runs.append(
        BasisRun(
          elements: start..<min(group.length, start + SymbolPlanes.longest),
          deviations: deviations,
          block: Section(
            type: section.type, bytes: bytes, offset: reader.fileOffset - UInt64(count),
            path: section.path)))
    }
    return runs
  }

  /// - Parameter basis: [components][length].
  func decode(
    _ group: CacheTransform.Group, _ tables: CoderTables, finest: Int, into basis: inout [Int16]
  ) throws(MalformedFile) {
    let (tokens, components) = (elements.count, group.components)
    var integers = [Int16](repeating: 0, count: tokens * components)
    var reader = block.reader
    let offsets = try SymbolPlanes(
      deviations: deviations, tokens: tokens, tables: tables
    ).decode(&reader, depth: components, into: &integers)
    guard offsets.allSatisfy({ $0 == 0 }) else {
      throw reader.error("a run of the basis with finer elements")
    }
    for component in 0..<components {
      let shift = CacheTransform.shift(deviation: group.deviations[component], finest: finest)
      let first = component * group.length + elements.lowerBound
      for token in 0..<tokens {
        let shifted = Int(integers[token * components + component]) << shift
        guard let element = Int16(exactly: shifted) else {
          throw reader.error("an element of more than 16 bits")
        }
        basis[first + token] = element
      }
    }
  }
}

extension CacheTransform.Group {
  /// [components]: the deviation of a run's elements without their last digits, in quarters of a
  /// power of 2.
  fileprivate func components(_ run: Range<Int>, _ shifts: [Int]) -> [Int] {
    shifts.enumerated().map { component, shift in
      let square = run.reduce(0.0) { sum, index in
        let value = Double(basis[component * length + index] >> shift)
        return sum + value * value
      }
      let deviation = 2 * log2(max(square / Double(run.count), 1e-9))
      let limits = SymbolPlanes.deviations
      return max(limits.lowerBound, min(limits.upperBound, Int(deviation.rounded())))
    }
  }
}
