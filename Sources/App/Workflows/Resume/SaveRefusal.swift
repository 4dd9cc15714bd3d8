public import ByteIO

/// A snapshot cannot be written as was asked.
public enum SaveRefusal: CategorisedError, Sendable {
  /// What ranked the snapshot cannot rank new pairs without a filter bank.
  case needsFilters(path: String, scorer: String)
  /// The child would take the place of a snapshot that it goes on from.
  case replacesLink(path: String, link: String)
  /// The child would be found in its parent's place, which is looked for under its name in the child's folder.
  case namedAsParent(path: String)
  /// The child would be one link more than a chain may have.
  case chainTooLong(path: String, links: Int)
  /// What becomes one snapshot would take the place of a link that the chain's last one goes on from.
  case outReplacesLink(path: String, link: String, snapshot: String)

  /// Another request can be met.
  public var category: FailureCategory { .usage }

  /// One sentence: what is wrong and what to do.
  public var description: String {
    switch self {
    case .needsFilters(let path, let scorer):
      "\(path) is ranked by \(scorer); give --filters to rank what --save writes by Q-Filters"
    case .replacesLink(let path, let link):
      "--save \(path) would replace \(link), which it goes on from; choose another name"
    case .namedAsParent(let path):
      "--save \(path) has the name of the snapshot that it goes on from, which is looked for beside it; "
        + "choose another name"
    case .chainTooLong(let path, let links):
      "\(path) has \(links) links, and a chain has no more; make one snapshot of it with recompress, and "
        + "--save behind that"
    case .outReplacesLink(let path, let link, let snapshot):
      "--out \(path) would replace \(link), which \(snapshot) goes on from; choose another name"
    }
  }
}
