import ByteIO
import CacheCodec
import CacheFormat
import QFilters

/// What a file says of a new snapshot apart from its context.
extension NewSnapshot {
  /// Everything but the pairs, as if all heads had equal budgets.
  func metadata(
    _ identity: SnapshotIdentity, _ context: ContextDescription, _ ranking: NewRanking, path: String
  ) throws -> SnapshotMetadata {
    SnapshotMetadata(
      identity: identity, filterDigest: ranking.origin.filters,
      parent: try parentReference(path: path), context: context,
      tiers: ranking.tiers(nil, of: context, firstPosition: firstPosition), tokens: tokens,
      provenance: provenance(ranking))
  }

  /// The identity, which must be that of the parent's model.
  ///
  /// - Throws: `IdentityMismatch`, `IdentityNotProven`.
  func checkedIdentity(path: String) throws -> SnapshotIdentity {
    var identity = identity.identity
    guard let parent else { return identity }
    let other = parent.chain.metadata.identity
    identity.isTrusted = other.isTrusted
    try identity.check(parent: other, path: path, parentPath: parent.path)
    return identity
  }

  /// How the file names its parent.
  func parentReference(path: String) throws -> ParentReference? {
    guard let parent else { return nil }
    guard parent.chain.snapshots.count < SnapshotChain.maximumSnapshots else {
      throw SnapshotError(.usage, "\(parent.path): its chain has all snapshots that one may have")
    }
    let name = Folder.name(of: parent.path)
    guard name != Folder.name(of: path),
      !parent.chain.snapshots.contains(where: { Folder.isOneFile(path, $0.path) })
    else {
      throw SnapshotError(.usage, "\(path): a snapshot cannot take the place of its own parent")
    }
    return ParentReference(
      digest: try parent.chain.last.digest, firstPosition: firstPosition, fileName: name)
  }

  /// What opens the file: given keys, or else what opened the parent.
  var secrets: [Secret] {
    keys.isEmpty ? parent?.keys.forNewFiles ?? [] : keys.map(\.secret)
  }

  /// Where the snapshot comes from, as JSON with sorted keys.
  func provenance(_ ranking: NewRanking) -> String {
    var origin = #"{"method":\#(Self.quoted(ranking.origin.scorer.name))"#
    if ranking.origin.filters != .zero {
      origin = #"{"filters":"\#(ranking.origin.filters)","# + origin.dropFirst()
    }
    let model = Self.quoted(String(modelName.prefix(200)))
    var record = #"{"model":\#(model),"origin":\#(origin)}"#
    if case .pairs(let ranker) = ranking {
      let rules = ranker.rules.sorted { $0.key < $1.key }
        .map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }
      record += #","ranking":{\#(rules.joined(separator: ","))}"#
    }
    return record + #","tool":"kvsnap \#(Version.current)"}"#
  }

  /// A JSON string.
  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": #"\""#
      case "\\": #"\\"#
      case "\u{0}"..<" ":
        #"\u00"# + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }
}
