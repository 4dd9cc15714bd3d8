package import ByteIO
public import CacheFormat

/// The sequences that a file's sums come from, and their corpus (spec, section 4.4). It prevents
/// adding statistics twice, and shows missing parts.
public struct SequenceSet: Sendable, Equatable {
  /// SHA-256 of the token ids of all sequences of the recipe, in order, as `u32`.
  public let corpus: Digest
  /// How many sequences the recipe has.
  public let count: Int
  /// Tokens in each.
  public let length: Int
  /// Bit i % 8 of byte i / 8 is set if the set has sequence i.
  private var bits: [UInt8]

  /// The maximum number of sequences, and of tokens in one.
  public static let greatest = 1 << 24

  /// An empty set for a recipe of `count` sequences of `length` tokens; both 1 … 2²⁴.
  public init(corpus: Digest, count: Int, length: Int) {
    self.corpus = corpus
    self.count = count
    self.length = length
    bits = [UInt8](repeating: 0, count: (count + 7) / 8)
  }

  /// Whether the set has sequence `index`.
  public func contains(_ index: Int) -> Bool { bits[index / 8] >> (index % 8) & 1 == 1 }

  /// Adds sequence `index`.
  public mutating func insert(_ index: Int) { bits[index / 8] |= 1 << UInt8(index % 8) }

  /// Adds all sequences of another set of the same recipe.
  public mutating func formUnion(_ other: SequenceSet) {
    for index in bits.indices { bits[index] |= other.bits[index] }
  }

  /// The sequences in the set, ascending.
  public var members: [Int] { (0..<count).filter(contains) }

  /// The sequences not in the set, ascending.
  public var missing: [Int] { (0..<count).filter { !contains($0) } }

  /// How many tokens the set's sequences have.
  public var tokens: Int { bits.reduce(0) { $0 + $1.nonzeroBitCount } * length }

  /// Whether both sets have the same corpus, count and length.
  public func hasRecipe(of other: SequenceSet) -> Bool {
    corpus == other.corpus && count == other.count && length == other.length
  }
}

extension SequenceSet {
  /// The section `seqs`.
  package var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(corpus.bytes)
    writer.write(UInt32(count))
    writer.write(UInt32(length))
    writer.write(bits)
    return writer.bytes
  }

  /// The longest section `seqs` in bytes.
  package static let limit = UInt64(Digest.byteCount + 8 + greatest / 8)

  /// Reads the section.
  ///
  /// - Throws: `MalformedFile`.
  package init(_ section: Section) throws(MalformedFile) {
    var reader = section.reader
    let corpus = Digest(try reader.readBytes(Digest.byteCount))
    let count = try reader.readSize("sequences", 1...UInt32(Self.greatest))
    self.init(
      corpus: corpus, count: count,
      length: try reader.readSize("tokens in a sequence", 1...UInt32(Self.greatest)))
    bits = try reader.readBytes(bits.count)
    try reader.expectEnd()
    guard count % 8 == 0 || bits[bits.count - 1] >> UInt8(count % 8) == 0 else {
      throw reader.error("a sequence beyond the last")
    }
  }
}
