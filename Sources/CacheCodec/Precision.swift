public import CacheFormat

/// How a snapshot's keys and values are to be stored, tensor by tensor and tier by tier.
///
/// Written as terms with commas between them, each `[keys=|values=][N:]codec`: what ×N keeps (all, without N)
/// of keys or values (both, without a name) in f32, f16, bf16, int8 or int4. As in `int8`,
/// `keys=int8,values=int4`, `8:f16,int4`. Of several terms that fit a tier the one with the greatest N
/// counts, and of equal ones that which names the tensor. What no term fits is stored bit for bit.
public struct Precision: Sendable, Equatable {
  private struct Term: Equatable {
    var tensor: ChunkTable.Tensor?
    var ratio: Int
    var codec: ElementCodec
  }

  private let terms: [Term]
  /// The type of the cache's elements: the lossless codec that is named, f16 if none is.
  public let element: ElementCodec
  /// Whether a lossless codec is named.
  public let namesElement: Bool

  /// All bit for bit, in that type.
  public init(_ element: ElementCodec) {
    precondition(ElementCodec.elements.contains(element), "a cache has lossless elements")
    (self.element, namesElement) = (element, true)
    terms = [Term(tensor: nil, ratio: 1, codec: element)]
  }

  /// Nil if the text follows another grammar, names two lossless codecs, or says the same thing twice.
  public init?(_ text: String) {
    var terms: [Term] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let term = Self.term(part),
        !terms.contains(where: { $0.tensor == term.tensor && $0.ratio == term.ratio })
      else { return nil }
      terms.append(term)
    }
    let elements = Set(terms.map(\.codec).filter(\.isLossless))
    guard !terms.isEmpty, elements.count <= 1 else { return nil }
    self.terms = terms
    element = elements.first ?? .float16
    namesElement = !elements.isEmpty
  }

  private static func term(_ text: Substring) -> Term? {
    var rest = text
    var term = Term(tensor: nil, ratio: 1, codec: .float16)
    for tensor in [ChunkTable.Tensor.keys, .values] where rest.hasPrefix("\(tensor)=") {
      term.tensor = tensor
      rest.removeFirst("\(tensor)=".count)
    }
    if let colon = rest.firstIndex(of: ":") {
      // Other tiers than these would differ between a whole snapshot and one made at a ratio.
      guard let ratio = Int(rest[..<colon]), [2, 4, 8, 16, 32, 64].contains(ratio) else {
        return nil
      }
      term.ratio = ratio
      rest = rest[rest.index(after: colon)...]
    }
    let codecs = ElementCodec.elements + [.int8, .int4]
    guard let codec = codecs.first(where: { $0.name == rest }) else { return nil }
    term.codec = codec
    return term
  }

  /// How a tensor of the tier that completes `ratio` is stored, or nil if no term says so.
  public func codec(of tensor: ChunkTable.Tensor, ratio: Int) -> ElementCodec? {
    let fitting = terms.filter { ($0.tensor ?? tensor) == tensor && $0.ratio <= ratio }
    return fitting.max {
      ($0.ratio, $0.tensor == nil ? 0 : 1) < ($1.ratio, $1.tensor == nil ? 0 : 1)
    }?.codec
  }

  /// For each tier of a table.
  public func codecs(_ tiers: TierTable) -> [TierCodecs] {
    tiers.ratios.map { ratio in
      TierCodecs(
        keys: codec(of: .keys, ratio: ratio) ?? element,
        values: codec(of: .values, ratio: ratio) ?? element)
    }
  }
}
