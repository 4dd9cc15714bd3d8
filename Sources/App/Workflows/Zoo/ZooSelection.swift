import ByteIO
import Platform

/// The models of a zoo that a run takes, and why it does not take the others.
struct ZooSelection {
  /// In order of paths.
  let taken: [ModelFinder.Found]
  /// In order of paths.
  let skipped: [Zoo.Skipped]
  /// Patterns that match no model.
  let unused: [String]

  /// Takes each model that no pattern matches, and the shard's part of these.
  ///
  /// Equal folders and patterns give equal parts on all machines: no other file counts.
  init(_ found: [ModelFinder.Found], excluding patterns: [String], shard: Precompute.Shard) {
    var rest: [ModelFinder.Found] = []
    var skipped: [Zoo.Skipped] = []
    var used: Set<String> = []
    for model in found {
      let matching = patterns.filter { Self.matches(model.path, $0) }
      used.formUnion(matching)
      if let pattern = matching.first {
        skipped.append(Zoo.Skipped(path: model.path, reason: "excluded by \(pattern)"))
      } else {
        rest.append(model)
      }
    }
    let places = rest.indices.filter(shard.contains)
    for (place, model) in rest.enumerated() where !shard.contains(place) {
      let other = Precompute.Shard(index: place % shard.count + 1, of: shard.count)
      skipped.append(Zoo.Skipped(path: model.path, reason: "it is of shard \(other)"))
    }
    taken = places.map { rest[$0] }
    self.skipped = skipped.sorted { ModelFinder.precedes($0.path, $1.path) }
    unused = patterns.filter { !used.contains($0) }
  }

  /// Whether a pattern as shells have it matches a path, its last part, or a folder that it is in.
  /// `*` also matches a slash.
  static func matches(_ path: String, _ pattern: String) -> Bool {
    func fits(_ text: String) -> Bool { unsafe fnmatch(pattern, text, 0) == 0 }
    let parts = path.split(separator: "/").map(String.init)
    return fits(path) || parts.last.map(fits) == true
      || parts.indices.dropFirst().contains { fits(parts[..<$0].joined(separator: "/")) }
  }
}
