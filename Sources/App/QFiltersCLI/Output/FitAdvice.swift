import ByteIO
import CacheCodec

extension Terminal {
  /// Text of a kind that the transform has seen takes less than this of the usual size.
  private static let greatestSize = 1.15

  /// Says by how much a snapshot is larger because the transform does not fit its text.
  static func adviseIfUnlike(_ fit: TransformFit, _ transform: String) {
    guard fit.size > greatestSize else { return }
    let percent = Int(((fit.size - 1) * 100).rounded())
    advise(
      "this text is unlike those that \(Folder.name(of: transform)) was learnt from: its keys and "
        + "values take \(percent) % more room than usual, and may lose more")
  }
}
