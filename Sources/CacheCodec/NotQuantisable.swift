/// A cache holds a number that int8 and int4 cannot store.
public struct NotQuantisable: Error, Equatable, Sendable, CustomStringConvertible {
  /// The snapshot that was to be written.
  public let path: String
  /// The layer.
  public let layer: Int
  /// The KV head.
  public let head: Int
  /// `keys` or `values`.
  public let tensor: String
  /// The precision that was asked for.
  public let precision: String

  /// What is wrong, where, and what to do.
  public var description: String {
    "\(path): layer \(layer), head \(head): the \(tensor) hold a number beyond ±65504, or none at all, "
      + "which \(precision) cannot store; use a lossless precision"
  }
}
