/// How the elements of a chunk are stored (spec, section 5.5).
public enum ElementCodec: UInt32, Sendable, CaseIterable {
  /// A token position, `u32`.
  case position = 1
  /// IEEE 754 binary32.
  case float32 = 2
  /// IEEE 754 binary16.
  case float16 = 3

  /// An element's width in bytes, which is also the number of byte planes.
  public var width: Int {
    switch self {
    case .position, .float32: 4
    case .float16: 2
    }
  }

  /// The name that people use, as `--precision` does.
  public var name: String {
    switch self {
    case .position: "u32"
    case .float32: "f32"
    case .float16: "f16"
    }
  }
}
