import ByteIO

/// How a transform-coded snapshot's pairs are cut into blocks (spec, section 5.8).
public struct BlockLayout: Sendable, Equatable {
  /// The most positions of a block.
  public static let longest = 256

  /// The transform that codes the blocks.
  public let transform: TransformReference
  /// The heads of each group, counted through all layers.
  public let groups: [Range<Int>]
  /// The positions of each block, counted from the snapshot's first one. A group has a block for
  /// each.
  public let blocks: [Range<Int>]

  /// A layout whose blocks have at most `longest` positions.
  ///
  /// - Parameters:
  ///   - transform: What codes the blocks.
  ///   - groups: The heads of each group, counted through all layers.
  ///   - tokens: How many positions the snapshot holds.
  ///   - exact: How many first positions are a block of their own.
  public init(transform: TransformReference, groups: [Range<Int>], tokens: Int, exact: Int) {
    (self.transform, self.groups) = (transform, groups)
    let first = min(exact, tokens)
    let others = stride(from: first, to: tokens, by: Self.longest).map {
      $0..<min($0 + Self.longest, tokens)
    }
    blocks = (first > 0 ? [0..<first] : []) + others
  }

  /// The groups that have heads of a layer.
  public func groups(ofLayer layer: Int, kvHeads: Int) -> Range<Int> {
    let heads = layer * kvHeads..<(layer + 1) * kvHeads
    let first = groups.firstIndex { $0.upperBound > heads.lowerBound } ?? 0
    let end = groups.firstIndex { $0.lowerBound >= heads.upperBound } ?? groups.count
    return first..<end
  }
}

extension BlockLayout {
  /// The layout's length in bytes.
  var byteCount: UInt64 {
    UInt64(transform.encoded.count) + 8 + 4 * UInt64(groups.count + blocks.count)
  }

  /// The greatest length of a layout in bytes.
  static func limit(heads: Int, tokens: Int) -> UInt64 {
    UInt64(TransformReference.maximumByteCount) + 8 + 4 * UInt64(heads + tokens)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(transform.encoded)
    writer.write(UInt32(clamping: groups.count))
    writer.write(UInt32(clamping: blocks.count))
    for part in groups + blocks { writer.write(UInt32(clamping: part.count)) }
  }

  init(_ reader: inout ByteReader, heads: Int, tokens: Int) throws(MalformedFile) {
    transform = try TransformReference(&reader)
    let groupCount = try reader.readSize("groups", 1...UInt32(heads))
    let blockCount = try reader.readSize("blocks", 0...UInt32(tokens))
    groups = try Self.parts(&reader, groupCount, of: heads, atMost: heads, "heads")
    blocks = try Self.parts(&reader, blockCount, of: tokens, atMost: Self.longest, "positions")
  }

  /// Lengths that add up to `total`.
  private static func parts(
    _ reader: inout ByteReader, _ count: Int, of total: Int, atMost longest: Int, _ name: String
  ) throws(MalformedFile) -> [Range<Int>] {
    var (parts, end): ([Range<Int>], Int) = ([], 0)
    for length in try reader.readArray(UInt32.self, count: count).map({ Int($0) }) {
      guard 1...longest ~= length, end + length <= total else {
        throw reader.error("a part of \(length) \(name), and there are \(total)")
      }
      parts.append(end..<end + length)
      end += length
    }
    guard end == total else { throw reader.error("\(end) \(name), and there are \(total)") }
    return parts
  }
}
