package import ByteIO

/// A store cannot do what was asked for.
package enum StoreRefusal: CategorisedError, Sendable {
  /// A text cannot be a name.
  case name(String)
  /// The store has no context of that name.
  case noContext(String)
  /// The store has a context of that name.
  case nameTaken(String)
  /// A conversation about a document has begun already.
  case hasBegun(String)
  /// Other contexts continue it.
  case hasChildren(String, children: Int)
  /// Somebody uses it.
  case inUse(String)
  /// The store has no room for it.
  case beyondLimit(String, bytes: UInt64, limit: UInt64)
  /// A child alone is no context.
  case continuesAnother(String, parent: String)

  /// By what is wrong.
  package var category: FailureCategory {
    switch self {
    case .name, .nameTaken, .hasBegun, .hasChildren, .continuesAnother: .usage
    case .noContext: .noInput
    case .inUse, .beyondLimit: .other
    }
  }

  /// One sentence.
  package var description: String {
    switch self {
    case .name(let name):
      "\(name.prefix(60)) cannot be a name: a name has at most 100 letters, digits, dots, hyphens "
        + "and underscores of ASCII, and begins with a letter or a digit"
    case .noContext(let name): "the store has no context \(name.prefix(120))"
    case .nameTaken(let name): "the store has a context \(name) already"
    case .hasBegun(let name):
      "the conversation \(name) has begun already, and no document can come before it; continue it "
        + "without one"
    case .hasChildren(let name, let children):
      children == 1
        ? "one context continues \(name) and cannot be used without it"
        : "\(children) contexts continue \(name) and cannot be used without it"
    case .inUse(let name): "\(name) is in use at the moment; try again later"
    case .beyondLimit(let name, let bytes, let limit):
      "\(name) has \(bytes) bytes, and the store's limit of \(limit) bytes leaves no room for it; "
        + "only turns that nobody named are removed to make room"
    case .continuesAnother(let path, let parent):
      "\(path) continues \(parent); merge its chain into one snapshot with recompress first"
    }
  }
}
