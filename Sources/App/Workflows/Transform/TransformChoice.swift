package import ByteIO
package import CacheCodec
import CacheFormat
import Inference
import Transforms

/// The transform that a snapshot is to be coded by.
package struct TransformChoice: Sendable {
  private let file: TransformFile
  private let quality: TransformQuality
  /// Where its file is.
  let path: String

  /// Reads a transform (.qtrans); nil if the precision needs none.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  package init?(_ precision: Precision?, path: String?) throws {
    guard let quality = precision?.transform, let path else { return nil }
    (file, self.path, self.quality) = (try TransformFile(path: path), path, quality)
  }

  /// The transform that coded a snapshot, in another quality.
  ///
  /// - Throws: `TransformNeeded` if none did; as `SnapshotChain.checkTransforms`.
  init(_ quality: TransformQuality, of chain: SnapshotChain) throws {
    guard let file = try chain.lastTransform(), let blocks = chain.last.blocks else {
      throw TransformNeeded(path: chain.path)
    }
    (self.file, self.quality) = (file, quality)
    path = Folder.sibling(of: chain.path, named: blocks.layout.transform.fileName)
  }

  /// Whether these blocks are coded by this transform in this quality, or more coarsely.
  func isNoCoarser(_ blocks: BlockTable) -> Bool {
    guard let step = blocks.step else { return false }
    return blocks.layout.transform.digest == file.digest
      && PositionOffsets.step(file.transform.steps[quality]) <= step
  }

  /// Rejects a transform of another model.
  ///
  /// - Throws: `IdentityMismatch`.
  func check(_ identity: Identity) throws(IdentityMismatch) {
    try file.identity.check(against: identity, path: path)
  }

  /// Rejects a transform of another model than a snapshot's.
  ///
  /// - Throws: `IdentityMismatch`; `IdentityNotProven`.
  func check(_ identity: SnapshotIdentity, of snapshot: String) throws {
    try check(identity.values(provingThat: path, fits: snapshot))
  }

  /// How a context is coded whose last queries attended like this.
  ///
  /// - Parameter attention: [heads][positions]; nil if it is not known.
  func coding(positions: Range<Int>, attention: [[Float]]?) -> TransformCoding {
    let groups = file.transform.groups.map(\.heads)
    let offsets =
      attention.map {
        PositionOffsets.byAttention($0, groups: groups, exact: CacheTransform.exactPositions)
      } ?? PositionOffsets.equal(groups: groups.count, positions: positions.count)
    return TransformCoding(
      file, name: Folder.name(of: path),
      step: PositionOffsets.step(file.transform.steps[quality]), positions: positions,
      offsets: offsets)
  }
}

/// A snapshot is to be coded by a transform, and none is known.
package struct TransformNeeded: CategorisedError, Sendable {
  /// The snapshot that is to be stored anew.
  let path: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String { "\(path) is not coded by a transform, and none is named" }
}
