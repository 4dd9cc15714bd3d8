/// Ends an answer before the first of some texts, and holds back what may be the beginning of one.
struct StopStrings {
  /// UTF-8, none empty.
  private let stops: [[UInt8]]
  private var held: [UInt8] = []
  /// Whether one of the texts has come.
  private(set) var isFound = false

  init(_ stops: [String]) { self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty } }

  /// Takes the next piece of the answer.
  ///
  /// - Returns: The text that is known to be part of the answer now.
  mutating func push(_ piece: String) -> String {
    guard !stops.isEmpty else { return piece }
    guard !isFound else { return "" }
    held += Array(piece.utf8)
    if let end = firstStop() {
      isFound = true
      defer { held = [] }
      return String(decoding: held[..<end], as: UTF8.self)
    }
    let end = held.count - longestBeginning()
    defer { held.removeFirst(end) }
    return String(decoding: held[..<end], as: UTF8.self)
  }

  /// What was held back, when the answer ends otherwise.
  mutating func finish() -> String {
    defer { held = [] }
    return String(decoding: held, as: UTF8.self)
  }

  /// Where the first stop text begins.
  private func firstStop() -> Int? {
    held.indices.first { start in stops.contains { held[start...].starts(with: $0) } }
  }

  /// The length of the longest end of the text that a stop text begins with.
  private func longestBeginning() -> Int {
    let longest = stops.reduce(0) { max($0, $1.count) }
    let lengths = (1..<max(1, longest)).reversed()
    return lengths.first { length in
      held.count >= length && stops.contains { $0.starts(with: held.suffix(length)) }
    } ?? 0
  }
}
