import ByteIO
import CacheFormat

/// The snapshots of a store in memory. It is made from the files alone.
struct StoreIndex {
  /// A file that cannot be read as a snapshot.
  struct Problem {
    let file: FolderFile
    let error: any Error

    /// Whether somebody wrote to it a moment ago: a copy may not be complete yet.
    var mayBeIncomplete: Bool { file.age < Self.copyingSeconds }

    private static let copyingSeconds = 60
  }

  /// By name.
  private(set) var entries: [StoreName: StoreEntry] = [:]
  /// Files that cannot be read as snapshots, and why.
  private(set) var problems: [StoreName: Problem] = [:]
  /// The names of the snapshots that continue a snapshot.
  private(set) var children: [StoreName: Set<StoreName>] = [:]

  /// Takes over what a folder holds now. Only files that are new or were replaced are read.
  mutating func update(_ files: [FolderFile], read: (FolderFile, StoreName) throws -> StoreEntry) {
    var old = entries
    var known = problems
    (entries, problems, children) = ([:], [:], [:])
    for file in files {
      guard let name = StoreName(file: file.name) else { continue }
      if let entry = old.removeValue(forKey: name), entry.place == file.place,
        entry.bytes == file.size
      {
        let isSame = entry.lastUse == file.modified
        entries[name] = isSame ? entry : StoreEntry(entry, lastUse: file.modified)
      } else if let problem = known.removeValue(forKey: name), problem.file == file {
        problems[name] = problem
      } else {
        do { entries[name] = try read(file, name) } catch {
          // A file may vanish after it was listed.
          if (error as? SystemError)?.isMissingInput != true {
            problems[name] = Problem(file: file, error: error)
          }
        }
      }
    }
    for entry in entries.values {
      if let parent = entry.parent { children[parent, default: []].insert(entry.name) }
    }
  }

  /// The names of all files, also of those that cannot be read.
  var names: [StoreName] { Array(entries.keys) + Array(problems.keys) }

  /// What a snapshot continues, nearest first.
  func ancestors(of name: StoreName) -> [StoreName] {
    var found: [StoreName] = []
    var next = entries[name]?.parent
    while let parent = next, !found.contains(parent) {
      found.append(parent)
      next = entries[parent]?.parent
    }
    return found
  }

  /// A snapshot and all that continue it, each after what it continues.
  func descendants(of name: StoreName) -> [StoreName] {
    var found = [name]
    var next = 0
    while next < found.count {
      // Files that name each other in a circle are no chain.
      found += (children[found[next]] ?? []).sorted().filter { !found.contains($0) }
      next += 1
    }
    return found
  }
}

extension StoreIndex {
  /// The snapshot with the longest common prefix with some tokens, and its length; nil if none
  /// shares the first token. Tokens are compared one by one. If lengths are equal, the snapshot
  /// with fewer tokens wins, and then the one nearer to the root.
  ///
  /// - Parameter isUsable: Whether a snapshot may be used, given the length of its common prefix,
  ///   and of its parent's.
  func longestPrefix(
    of tokens: [Int], where isUsable: (StoreEntry, _ common: Int, _ ofParent: Int) -> Bool
  ) -> (entry: StoreEntry, tokens: Int)? {
    var best: (entry: StoreEntry, tokens: Int, depth: Int)?
    // A snapshot whose parent is missing is never reached. A replaced parent is noticed when the
    // chain is opened.
    var open = entries.values.filter { $0.parent == nil }.map { (entry: $0, parent: 0, depth: 0) }
    while let (entry, parent, depth) = open.popLast() {
      let common = entry.commonPrefix(with: tokens, ofParent: parent)
      func key(_ entry: StoreEntry, _ common: Int, _ depth: Int) -> (Int, Int, Int) {
        (-common, entry.tokens, depth)
      }
      let isBetter =
        best.map { key(entry, common, depth) < key($0.entry, $0.tokens, $0.depth) } ?? true
      if common > 0, isBetter, isUsable(entry, common, parent) { best = (entry, common, depth) }
      for child in children[entry.name] ?? [] {
        if let child = entries[child] { open.append((child, common, depth + 1)) }
      }
    }
    return best.map { ($0.entry, $0.tokens) }
  }
}

extension StoreEntry {
  /// The number of first tokens that the context has in common with others.
  ///
  /// - Parameter parent: The length of its parent's common prefix.
  fileprivate func commonPrefix(with tokens: [Int], ofParent parent: Int) -> Int {
    guard parent >= firstPosition else { return parent }
    var count = firstPosition
    for own in ownTokens {
      guard count < tokens.count, tokens[count] == Int(own) else { break }
      count += 1
    }
    return count
  }
}
