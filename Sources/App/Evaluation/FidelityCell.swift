import Workflows

extension Fidelity {
  /// One method on one context.
  package struct Cell: ResultCell {
    /// The method's name.
    package let method: String
    /// The index of the context in the text.
    let sequence: Int
    /// Layers of the model, and KV heads in each.
    package let layers, kvHeads: Int
    /// Compressions ×N.
    package let compressions: [Int]
    /// Spearman's correlation of a pair's score and the attention that it gets, over the pairs that
    /// are ranked by scores, [layers · kvHeads]; nil if no pairs
    /// are ranked, or if all their scores are equal.
    package let correlations: [Float?]
    /// The share of attention that goes to pairs that are kept, [compressions][layers · kvHeads].
    package let massKept: [[Float]]
    /// The mean over the continuation's tokens of KL(whole cache ‖ compressed) in nats,
    /// [compressions].
    package let divergences: [Double]

    /// Method and context.
    package var subject: [String] { Self.subject(method, sequence) }

    static func subject(_ method: String, _ sequence: Int) -> [String] { [method, "\(sequence)"] }

    /// Checks that all cells are of one shape, every figure's range, and the methods' names.
    package static func problem(_ cells: [Cell]) -> String? {
      guard let first = cells.first else { return nil }
      let isValid = cells.allSatisfy { $0.hasShape(of: first) && $0.hasValidFigures }
      return isValid
        ? nil : "an unknown method, contexts of different shapes, or a figure outside its range"
    }

    private func hasShape(of first: Cell) -> Bool {
      (layers, kvHeads) == (first.layers, first.kvHeads) && compressions == first.compressions
        && (1...4096).contains(layers) && (1...4096).contains(kvHeads)
        && massKept.count == compressions.count && divergences.count == compressions.count
        && ([correlations.count] + massKept.map(\.count)).allSatisfy { $0 == layers * kvHeads }
    }

    private var hasValidFigures: Bool {
      Method(rawValue: method) != nil && (0...1 << 24).contains(sequence)
        && compressions.allSatisfy((1...1 << 24).contains)
        && correlations.allSatisfy { abs($0 ?? 0) < 1.001 }
        && massKept.allSatisfy { $0.allSatisfy { $0 >= 0 && $0 < 1.001 } }
        && divergences.allSatisfy(\.isFinite)
    }
  }
}

extension Results<Fidelity.Cell> {
  /// The measurements of the contexts that all methods have. Other contexts cannot be compared.
  package var comparable: [Fidelity.Cell] { shared(by: \.method, over: \.sequence) }

  /// Whether sinks and window are all that a method keeps at ×N, so that all methods hold the same.
  package func isProtectedAlone(_ method: String, _ compression: Int) -> Bool {
    isProtectedAlone(method, compression, tokensNamed: Fidelity.tokensName)
  }
}
