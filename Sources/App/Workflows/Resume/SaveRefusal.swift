public import ByteIO

/// A snapshot cannot be written as was asked.
package enum SaveRefusal: CategorisedError, Sendable {
  /// What ranked the snapshot cannot rank new pairs without a filter bank.
  case needsFilters(path: String, scorer: String)
  /// The child would replace a snapshot that it continues.
  case replacesLink(path: String, link: String)
  /// The child would have its parent's name, by which the parent is found in the child's folder.
  case namedAsParent(path: String)
  /// The child would be one snapshot more than a chain may have.
  case chainTooLong(path: String, links: Int)
  /// The merged snapshot would replace a snapshot that the last one of the chain continues.
  case outReplacesLink(path: String, link: String, snapshot: String)
  /// An eviction drops pairs that the child would have to hold.
  case evicted(path: String)

  /// Another request can be met.
  public var category: FailureCategory { .usage }

  /// One sentence: what is wrong and what to do.
  package var description: String {
    switch self {
    case .needsFilters(let path, let scorer):
      "\(path) is ranked by \(scorer); give --filters to rank what --save writes by Q-Filters"
    case .replacesLink(let path, let link):
      "--save \(path) would replace \(link), which it continues; choose another name"
    case .namedAsParent(let path):
      "--save \(path) has the name of the snapshot that it continues, which is looked for next to "
        + "it; choose another name"
    case .chainTooLong(let path, let links):
      "\(path) is a chain of \(links) snapshots, the maximum; make one snapshot of it with "
        + "recompress, and --save after that"
    case .outReplacesLink(let path, let link, let snapshot):
      "--out \(path) would replace \(link), which \(snapshot) continues; choose another name"
    case .evicted(let path): "\(path) cannot be saved, because its pairs are evicted"
    }
  }
}
