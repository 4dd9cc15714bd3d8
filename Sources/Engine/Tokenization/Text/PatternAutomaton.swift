/// Finds which patterns end at each byte of what it reads, in time proportional to that and to what it
/// finds. Source: Aho and Corasick (1975).
struct PatternAutomaton: Sendable {
  /// What was read last, as far as some pattern starts with it; 0 is nothing.
  typealias State = Int

  private struct Node: Sendable {
    /// The longest proper suffix of what was read with which some pattern starts.
    var fallback: State = 0
    /// The pattern that was read, if it was.
    var pattern: Int?
    /// The longest suffix, this node itself included, that is a pattern; 0 if there is none.
    var found: State = 0
  }

  private var nodes = [Node()]
  /// The next state by state and byte.
  private var edges: [UInt64: State] = [:]
  /// The first edges, where most bytes of a text lead nowhere.
  private var firstEdges = [State](repeating: 0, count: 256)

  /// Builds the automaton; of patterns that are alike the first is found, and empty ones never.
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

  /// The longest pattern that ends with what was read last.
  func longestPattern(endingAt state: State) -> Int? { nodes[nodes[state].found].pattern }

  /// Calls `body` with all patterns that end with what was read last, the longest first.
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

  /// From the root outwards, so that what a fallback needs is there.
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
    // A node is younger than its parent.
    var depths = [Int](repeating: 0, count: nodes.count)
    for node in nodes.indices.dropFirst() { depths[node] = depths[parents[node].node] + 1 }
    return nodes.indices.dropFirst().sorted { (depths[$0], $0) < (depths[$1], $1) }
      .map { (parents[$0].node, parents[$0].byte, $0) }
  }

  private static func key(_ node: State, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }
}
