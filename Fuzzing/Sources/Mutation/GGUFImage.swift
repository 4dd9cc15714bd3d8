/// A GGUF file, taken apart without checks: its metadata value by value, and the rest. Source: the
/// GGUF specification, version 3.
struct GGUFImage {
  struct Value {
    var key: [UInt8]
    var type: UInt32
    /// The bytes in the file: a text with its length, an array with its type and count.
    var bytes: [UInt8]
  }

  static let text: UInt32 = 8
  static let array: UInt32 = 9
  private static let headerByteCount = 24
  private static let alignment = 32

  private var header: [UInt8]
  var values: [Value] = []
  /// The list of tensors.
  var tensors: [UInt8]
  private let data: [UInt8]

  /// Takes a file apart; nil if its metadata cannot be read to their end.
  init?(_ file: [UInt8]) {
    var position = Self.headerByteCount
    guard file.count >= position, file.u64(16) <= UInt64(file.count) else { return nil }
    header = Array(file[..<position])
    for _ in 0..<file.u64(16) {
      guard let key = Self.length(file, position, Self.text) else { return nil }
      let type = file.u32(position + key)
      let start = position + key + 4
      guard let length = Self.length(file, start, type) else { return nil }
      let keyBytes = Array(file[position + 8..<position + key])
      values.append(Value(key: keyBytes, type: type, bytes: Array(file[start..<start + length])))
      position = start + length
    }
    guard let end = Self.endOfTensors(file, position, count: file.u64(8)) else { return nil }
    tensors = Array(file[position..<end])
    data = Array(file[min(file.count, Self.aligned(end))...])
  }

  /// The whole file, with the tensors' data aligned as the specification says.
  var encoded: [UInt8] {
    var file = header
    file.set(UInt64(values.count), at: 16)
    for value in values {
      file += Self.littleEndian(UInt64(value.key.count)) + value.key
      file += Self.littleEndian(value.type) + value.bytes
    }
    file += tensors
    file.resize(to: Self.aligned(file.count))
    return file + data
  }

  /// The index of a key's value.
  func index(of key: String) -> Int? { values.firstIndex { $0.key.elementsEqual(key.utf8) } }

  /// The number of bytes of a value of a type; nil if it leaves the file.
  static func length(_ file: [UInt8], _ start: Int, _ type: UInt32) -> Int? {
    let length: Int
    switch type {
    case text:
      guard file.u64(start) <= UInt64(file.count) else { return nil }
      length = 8 + Int(file.u64(start))
    case array:
      guard file.u64(start + 4) <= UInt64(file.count), file.u32(start) != array else { return nil }
      var end = start + 12
      for _ in 0..<file.u64(start + 4) {
        guard let element = Self.length(file, end, file.u32(start)) else { return nil }
        end += element
      }
      length = end - start
    default: length = width(type)
    }
    return start + length <= file.count ? length : nil
  }

  /// The number of bytes of a number; 0 for a type that is none.
  static func width(_ type: UInt32) -> Int {
    switch type {
    case 0, 1, 7: 1
    case 2, 3: 2
    case 4, 5, 6: 4
    case 10, 11, 12: 8
    default: 0
    }
  }

  static func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) }
  }

  private static func endOfTensors(_ file: [UInt8], _ start: Int, count: UInt64) -> Int? {
    guard count <= UInt64(file.count) else { return nil }
    var end = start
    for _ in 0..<count {
      guard let name = length(file, end, text), file.u32(end + name) <= 8 else { return nil }
      end += name + 4 + 8 * Int(file.u32(end + name)) + 12
      guard end <= file.count else { return nil }
    }
    return end
  }

  private static func aligned(_ position: Int) -> Int {
    (position + alignment - 1) / alignment * alignment
  }
}
