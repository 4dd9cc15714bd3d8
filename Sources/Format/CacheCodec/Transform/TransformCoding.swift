import ByteIO
public import CacheFormat

/// How a transform codes the pairs of a snapshot.
public struct TransformCoding: Sendable {
  /// How they are cut into blocks.
  public let layout: BlockLayout
  let file: TransformFile
  /// The step of positions whose offset is 0, in quarters of a power of 2.
  let step: Int
  /// [groups][positions], 0 … 15: how much finer each is coded, in quarters of a power of 2.
  let offsets: [[Int8]]

  /// - Parameters:
  ///   - file: The transform of the cache's model.
  ///   - name: The name of its file.
  ///   - step: That of positions whose offset is 0, in quarters of a power of 2.
  ///   - positions: Those that the snapshot holds.
  ///   - offsets: [groups][positions], 0 … 15: how much finer each is coded.
  public init(
    _ file: TransformFile, name: String, step: Int, positions: Range<Int>, offsets: [[Int8]]
  ) {
    let groups = file.transform.groups.map(\.heads)
    precondition(
      offsets.count == groups.count && offsets.allSatisfy { $0.count == positions.count },
      "an offset for each group and position")
    layout = BlockLayout(
      transform: TransformReference(digest: file.digest, fileName: name), groups: groups,
      tokens: positions.count,
      exact: max(0, CacheTransform.exactPositions - positions.lowerBound))
    (self.file, self.step, self.offsets) = (file, step, offsets)
  }
}
