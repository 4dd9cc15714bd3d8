public import CacheFormat

/// How a snapshot's keys and values are stored, for each tensor and tier.
///
/// As text it is `transform[:high|medium|low]`, or a list of terms `[keys=|values=][N:]codec`,
/// separated by commas. A term applies to what ×N keeps, or to all pairs without N. It applies to
/// keys or values, or to both without a name. The codec is f32, f16, bf16, int8 or int4. Examples:
/// `int8`; `keys=int8,values=int4`; `8:f16,int4`.
///
/// If several terms apply to a tier, the one with the greatest N wins, then the one that names the
/// tensor. Without a term, pairs are stored without loss.
public struct Precision: Sendable, Equatable {
  private struct Term: Equatable {
    var tensor: ChunkTable.Tensor?
    var compression: Int
    var codec: ElementCodec
  }

  private let terms: [Term]
  /// The type of the cache's elements: the named lossless codec, or f16.
  public let element: ElementCodec
  /// The quality of a transform that codes all pairs; nil if none does.
  public let transform: TransformQuality?

  /// Stores everything without loss in that type.
  public init(_ element: ElementCodec) {
    precondition(ElementCodec.elements.contains(element), "a cache has lossless elements")
    self.element = element
    terms = [Term(tensor: nil, compression: 1, codec: element)]
    transform = nil
  }

  /// The values of N that a term may have. Other tiers would differ between a whole snapshot and
  /// one made at a compression.
  public static let ratios = [2, 4, 8, 16, 32, 64]
  private static let knownCodecs = ElementCodec.elements + [.int8, .int4]

  /// Parses terms.
  ///
  /// - Throws: `PrecisionRefusal` if the text does not follow the grammar, names two lossless
  ///   codecs, or has two terms for the same pairs.
  public init(_ text: String) throws(PrecisionRefusal) {
    var (terms, element): ([Term], ElementCodec?) = ([], nil)
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 1 || !parts.contains(where: { $0.hasPrefix("transform") }) else {
      throw PrecisionRefusal(text, "a transform codes all pairs, so it has no other terms")
    }
    transform = try Self.transform(text)
    guard transform == nil else {
      (self.terms, self.element) = ([], .float16)
      return
    }
    for part in parts {
      let term = try Self.term(part)
      if term.codec.isLossless {
        if let element, element != term.codec {
          throw PrecisionRefusal(
            text, "it names \(element.name) and \(term.codec.name), and a cache has one type")
        }
        element = term.codec
      }
      guard
        !terms.contains(where: { $0.tensor == term.tensor && $0.compression == term.compression })
      else {
        throw PrecisionRefusal(text, "another term is for the same pairs as \(part)")
      }
      terms.append(term)
    }
    self.terms = terms
    self.element = element ?? .float16
  }

  /// The quality that `transform[:QUALITY]` names; nil for other text.
  private static func transform(_ text: String) throws(PrecisionRefusal) -> TransformQuality? {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.first == "transform" else { return nil }
    guard parts.count == 2 else { return .high }
    guard let quality = TransformQuality(rawValue: String(parts[1])) else {
      let known = TransformQuality.allCases.map(\.rawValue).joined(separator: ", ")
      throw PrecisionRefusal(text, "the quality must be one of \(known)")
    }
    return quality
  }

  private static func term(_ text: Substring) throws(PrecisionRefusal) -> Term {
    var rest = text
    var term = Term(tensor: nil, compression: 1, codec: .float16)
    for tensor in [ChunkTable.Tensor.keys, .values] where rest.hasPrefix("\(tensor)=") {
      term.tensor = tensor
      rest.removeFirst("\(tensor)=".count)
    }
    if let colon = rest.firstIndex(of: ":") {
      guard let compression = Int(rest[..<colon]), ratios.contains(compression) else {
        let known = ratios.map(String.init).joined(separator: ", ")
        throw PrecisionRefusal(text, "\(rest[..<colon]) is no N; N is one of \(known)")
      }
      term.compression = compression
      rest = rest[rest.index(after: colon)...]
    }
    guard let codec = knownCodecs.first(where: { $0.name == rest }) else {
      let known = knownCodecs.map(\.name).joined(separator: ", ")
      throw PrecisionRefusal(text, "the codec must be one of \(known)")
    }
    term.codec = codec
    return term
  }

  /// How a tensor of the tier ×`compression` is stored, or nil if no term applies.
  public func codec(of tensor: ChunkTable.Tensor, compression: Int) -> ElementCodec? {
    let fitting = terms.filter { ($0.tensor ?? tensor) == tensor && $0.compression <= compression }
    return fitting.max {
      ($0.compression, $0.tensor == nil ? 0 : 1) < ($1.compression, $1.tensor == nil ? 0 : 1)
    }?.codec
  }

  /// [tiers]: the codecs of a table's tiers.
  public func codecs(_ tiers: TierTable) -> [TierCodecs] {
    tiers.ratios.map { compression in
      TierCodecs(
        keys: codec(of: .keys, compression: compression) ?? element,
        values: codec(of: .values, compression: compression) ?? element)
    }
  }
}
