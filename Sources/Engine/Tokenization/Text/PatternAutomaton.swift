/// Finds which patterns end at each byte that it reads, in time proportional to the bytes and the
/// matches. Source: Aho and Corasick (1975).
struct PatternAutomaton: Sendable {
  /// The longest suffix of the bytes so far with which some pattern starts; 0 is the empty one.
  typealias State = Int

  private struct Node: Sendable {
    /// The longest proper suffix of this one with which some pattern starts.
    var fallback: State = 0
    /// The pattern that this suffix is, if any.
    var pattern: Int?
    /// The longest suffix of this one, itself included, that is a pattern; 0 if there is none.
    var found: State = 0
  }

  private var nodes = [Node()]
  /// The next state by state and byte.
  private var edges: [UInt64: State] = [:]
  /// The edges from state 0, by byte: most bytes of a text lead nowhere.
  private var firstEdges = [State](repeating: 0, count: 256)

  /// Builds the automaton. If patterns are equal, the first is found; empty ones are never found.
  init(_ patterns: some Sequence<some Collection<UInt8>>) {
    for (index, pattern) in patterns.enumerated() where !pattern.isEmpty {
      var node = 0
      for byte in pattern { node = childOrNew(of: node, byte) }
      if nodes[node].pattern == nil { nodes[node].pattern = index }
    }
    for byte in UInt8.min...UInt8.max { firstEdges[Int(byte)] = edges[Self.key(0, byte)] ?? 0 }
    addFallbacks()
  }

  /// The state after one more byte.
  func state(after state: State, reading byte: UInt8) -> State {
    var state = state
    while state != 0 {
      if let child = edges[Self.key(state, byte)] { return child }
      state = nodes[state].fallback
    }
    return firstEdges[Int(byte)]
  }

  /// The longest pattern that ends with the last byte.
  func longestPattern(endingAt state: State) -> Int? { nodes[nodes[state].found].pattern }

  /// Calls `body` with all patterns that end with the last byte, the longest first.
  func forEachPattern(endingAt state: State, _ body: (Int) -> Void) {
    var state = nodes[state].found
    while let pattern = nodes[state].pattern {
      body(pattern)
      state = nodes[nodes[state].fallback].found
    }
  }

  private mutating func childOrNew(of node: State, _ byte: UInt8) -> State {
    let key = Self.key(node, byte)
    if let child = edges[key] { return child }
    nodes.append(Node())
    edges[key] = nodes.count - 1
    return nodes.count - 1
  }

  /// From the root outwards: a fallback needs those of shorter suffixes.
  private mutating func addFallbacks() {
    for (parent, byte, child) in edgesByDepth() {
      let fallback = parent == 0 ? 0 : state(after: nodes[parent].fallback, reading: byte)
      nodes[child].fallback = fallback
      nodes[child].found = nodes[child].pattern == nil ? nodes[fallback].found : child
    }
  }

  private func edgesByDepth() -> [(parent: State, byte: UInt8, child: State)] {
    var parents = [(node: State, byte: UInt8)](repeating: (0, 0), count: nodes.count)
    for (key, child) in edges {
      parents[child] = (State(key >> 8), UInt8(truncatingIfNeeded: key))
    }
    // A node has a higher index than its parent.
    var depths = [Int](repeating: 0, count: nodes.count)
    for node in nodes.indices.dropFirst() { depths[node] = depths[parents[node].node] + 1 }
    return nodes.indices.dropFirst().sorted { (depths[$0], $0) < (depths[$1], $1) }
      .map { (parents[$0].node, parents[$0].byte, $0) }
  }

  private static func key(_ node: State, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }
}
