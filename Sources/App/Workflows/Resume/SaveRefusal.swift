package import ByteIO

/// A snapshot cannot be written as was asked.
package enum SaveRefusal: CategorisedError, Sendable {
  /// What ranked the snapshot cannot rank new pairs without a filter bank.
  case needsFilters(path: String, scorer: String)
  /// The child would replace a snapshot that it continues.
  case replacesSnapshot(path: String, replaced: String)
  /// The snapshot has elements that only other engines write.
  case foreignType(path: String, type: String)
  /// The child has the name of its parent, which is looked for in the child's folder.
  case namedAsParent(path: String)
  /// The child would be one snapshot more than a chain may have.
  case chainTooLong(path: String, snapshots: Int)
  /// The new snapshot would replace one that the chain's last snapshot continues.
  case outReplacesSnapshot(path: String, replaced: String, snapshot: String)
  /// An eviction drops pairs that the child would have to hold.
  case evicted(path: String)

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String {
    switch self {
    case .needsFilters(let path, let scorer):
      "\(path) is ranked by \(scorer), which cannot rank new pairs without a filter bank"
    case .replacesSnapshot(let path, let replaced):
      "\(path) would replace \(replaced), which it continues"
    case .foreignType(let path, let type):
      "\(path) holds \(type), and new pairs cannot be saved in it"
    case .namedAsParent(let path):
      "\(path) has the name of its parent, which is looked for in the same folder"
    case .chainTooLong(let path, let snapshots):
      "\(path) is a chain of \(snapshots) snapshots, which is the maximum"
    case .outReplacesSnapshot(let path, let replaced, let snapshot):
      "\(path) would replace \(replaced), which \(snapshot) continues"
    case .evicted(let path): "\(path) cannot be saved, because its pairs are evicted"
    }
  }
}
