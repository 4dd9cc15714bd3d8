/// Waiting work, first come first served for each owner, and one of each owner in turn.
struct FairQueue<Element: Identifiable> {
  /// Owners with waiting work, the next one first.
  private var turns: [String] = []
  private var waiting: [String: [Element]] = [:]

  /// How many elements wait.
  private(set) var count = 0

  /// How many elements of an owner wait.
  func count(of owner: String) -> Int { waiting[owner]?.count ?? 0 }

  /// Lets an element wait for its owner's turn. An owner without others gets the last turn.
  mutating func append(_ element: Element, of owner: String) {
    if waiting[owner] == nil { turns.append(owner) }
    waiting[owner, default: []].append(element)
    count += 1
  }

  /// Takes the next element; nil if none waits.
  mutating func popFirst() -> Element? {
    guard let owner = turns.first, let element = waiting[owner]?.removeFirst() else { return nil }
    turns.removeFirst()
    count -= 1
    if waiting[owner]?.isEmpty == true {
      waiting[owner] = nil
    } else {
      turns.append(owner)
    }
    return element
  }

  /// Takes an element out of its place; nil if it does not wait any more.
  mutating func remove(_ id: Element.ID, of owner: String) -> Element? {
    guard let index = waiting[owner]?.firstIndex(where: { $0.id == id }),
      let element = waiting[owner]?.remove(at: index)
    else { return nil }
    count -= 1
    if waiting[owner]?.isEmpty == true {
      waiting[owner] = nil
      turns.removeAll { $0 == owner }
    }
    return element
  }

  /// Takes out everything, in the order of the turns.
  mutating func removeAll() -> [Element] {
    var all: [Element] = []
    while let element = popFirst() { all.append(element) }
    return all
  }
}
