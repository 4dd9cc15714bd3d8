/// Safetensors files put together without checks, so that each test can break one rule.
public enum RawSafetensors {
  /// The length, the header and the values.
  public static func file(
    _ header: String, _ data: [UInt8] = [], length: UInt64? = nil
  ) -> [UInt8] {
    let count = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + header.utf8 + data
  }

  /// A header's entry.
  public static func entry(
    _ name: String, _ type: String = "F32", _ shape: [Int] = [1], _ begin: Int = 0, _ end: Int = 4
  ) -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}"#
  }
}
