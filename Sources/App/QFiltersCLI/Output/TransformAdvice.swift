import ByteIO
import CacheCodec
import Reports

extension Terminal {
  /// Text of a kind that the transform has seen takes less than this of the usual size.
  private static let greatestSize = 1.15

  /// Says what a user should know of a snapshot that a transform codes.
  ///
  /// - Parameters:
  ///   - path: Where the snapshot is.
  ///   - transform: Where the transform is.
  static func advise(_ path: String, _ transform: String, _ fit: TransformFit) {
    if fit.isSignificant, fit.size > greatestSize {
      let percent = Int(((fit.size - 1) * 100).rounded())
      advise(
        "this text is unlike those that \(Folder.name(of: transform)) was learnt from: its keys "
          + "and values take \(percent) % more room than usual, and may lose more")
    }
    let expected = Folder.sibling(of: path, named: Folder.name(of: transform))
    if !Folder.isOneFile(expected, transform) {
      advise(
        "\(path) is coded by a transform in another folder; to use it, add --transform "
          + "\(transform)")
    }
  }
}
