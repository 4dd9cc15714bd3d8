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

  /// What is wrong, and where.
  public var description: String {
    "\(path): layer \(layer), head \(head): the \(tensor) hold a number that \(precision) cannot "
      + "store: beyond ±65504, the range of f16, or not finite"
  }
}
