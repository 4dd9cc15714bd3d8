/// A child cannot be saved as was asked.
public enum SaveRefusal: Error, CustomStringConvertible, Sendable {
  /// What ranked the snapshot cannot rank new pairs without a filter bank.
  case needsFilters(path: String, scorer: String)
  /// The child would take the place of a snapshot that it goes on from.
  case replacesLink(path: String, link: String)
  /// The child would be found in its parent's place, which is looked for under its name in the child's folder.
  case namedAsParent(path: String)

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
    }
  }
}
