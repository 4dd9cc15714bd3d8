import Glibc
/// Which of a head's pairs a question keeps: some of the best-ranked ones, and those that the question
/// itself attends to most.
public struct RecallSelection: Sendable, Equatable {
  /// Attention is smoothed over so many neighbouring pairs: words stand together (SnapKV's pooling).
  public static let pooling = Int(unsafe getenv("RP").map{unsafe String(cString:$0)} ?? "5")!

  /// The share that the ranking's first pairs take; sinks are the first of them.
  public var rankedShare = Double(unsafe getenv("RS").map{unsafe String(cString:$0)} ?? "0.125")!

  /// The selection that found most needles (docs/recall.md).
  public init() {}

  /// Places of the kept pairs in order of position, ascending.
  ///
  /// - Parameters:
  ///   - ranking: Places of all pairs, best first.
  ///   - mass: The attention that each place got from the question.
  ///   - kept: How many pairs to keep.
  public func places(ranking: [Int], mass: [Float], kept: Int) -> [Int] {
    let kept = min(kept, ranking.count)
    let first = Int(Double(kept) * rankedShare)
    var isKept = [Bool](repeating: false, count: ranking.count)
    for place in ranking.prefix(first) { isKept[place] = true }
    let pooled = Self.pool(mass)
    let rest = (0..<ranking.count).filter { !isKept[$0] }
      .sorted { (pooled[$0], $1) > (pooled[$1], $0) }
    for place in rest.prefix(kept - first) { isKept[place] = true }
    return isKept.indices.filter { isKept[$0] }
  }

  /// The mean over each place and its neighbours; places beyond the ends count as zeros.
  static func pool(_ mass: [Float]) -> [Float] {
    let reach = pooling / 2
    return mass.indices.map { place in
      let neighbours = max(0, place - reach)...min(mass.count - 1, place + reach)
      return mass[neighbours].reduce(0, +) / Float(pooling)
    }
  }
}
