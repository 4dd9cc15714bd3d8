import Workflows

/// A stored context as the page sees it.
struct ContextObject: Encodable {
  private let entry: StoreEntry
  private let children: Int

  /// - Parameter children: How many contexts continue it.
  init(_ entry: StoreEntry, children: Int) { (self.entry, self.children) = (entry, children) }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(entry.name.description, forKey: "name")
    try values.encode(kind, forKey: "kind")
    try values.encode(entry.tokens, forKey: "tokens")
    try values.encode(entry.count, forKey: "own_tokens")
    try values.encode(entry.bytes, forKey: "bytes")
    try values.encode(entry.cacheBytes, forKey: "cache_bytes")
    try values.encode(entry.model, forKey: "model")
    try values.encode(entry.parent?.description, forKey: "parent")
    try values.encode(Double(entry.lastUse) / 1e9, forKey: "last_used")
    try values.encode(entry.compressions, forKey: "compressions")
    try values.encode(children, forKey: "children")
  }

  private var kind: String {
    if entry.name.isUnnamed { return "turn" }
    return entry.name.turn == nil ? "document" : "conversation"
  }
}

/// The answer to `GET /api/contexts`.
struct ContextList: Encodable {
  struct Problem: Encodable {
    let name, problem: String
  }

  var contexts: [ContextObject] = []
  var bytes: UInt64 = 0
  var limit: UInt64?
  var problems: [Problem] = []
  var quarantined = 0

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(contexts, forKey: "contexts")
    try values.encode(bytes, forKey: "bytes")
    try values.encode(limit, forKey: "limit")
    try values.encode(problems, forKey: "problems")
    try values.encode(quarantined, forKey: "quarantined")
  }
}
