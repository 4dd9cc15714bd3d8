import ByteIO

/// A value of a GGUF file's metadata.
enum GGUFValue: Equatable, Sendable {
  case unsigned(UInt64)
  case signed(Int64)
  case float(Double)
  case bool(Bool)
  case text([UInt8])
  case integers([Int32])
  case floats([Float])
  case texts([[UInt8]])
  /// An array of a kind that no key in use has.
  case other

  /// Reads a value of a type, which the file gives before the value. Source: the GGUF
  /// specification, version 3.
  init(from reader: inout ByteReader) throws(MalformedFile) {
    self = try Self.read(type: try reader.read(UInt32.self), from: &reader)
  }

  private static func read(
    type: UInt32, from reader: inout ByteReader
  ) throws(MalformedFile) -> GGUFValue {
    switch type {
    case 0: .unsigned(UInt64(try reader.read(UInt8.self)))
    case 1: .signed(Int64(try reader.read(Int8.self)))
    case 2: .unsigned(UInt64(try reader.read(UInt16.self)))
    case 3: .signed(Int64(try reader.read(Int16.self)))
    case 4: .unsigned(UInt64(try reader.read(UInt32.self)))
    case 5: .signed(Int64(try reader.read(Int32.self)))
    case 6: .float(Double(try reader.readFloat()))
    case 7: .bool(try reader.read(UInt8.self) != 0)
    case 8: .text(try readText(from: &reader))
    case 9: try readArray(from: &reader)
    case 10: .unsigned(try reader.read(UInt64.self))
    case 11: .signed(try reader.read(Int64.self))
    case 12: .float(try reader.readDouble())
    default: throw reader.error("unknown value type \(type)")
    }
  }

  /// A text: a 64-bit length and that many bytes.
  static func readText(from reader: inout ByteReader) throws(MalformedFile) -> [UInt8] {
    let length = try reader.read(UInt64.self)
    guard length <= UInt64(reader.remaining) else {
      throw reader.error("a text of \(length) bytes, but only \(reader.remaining) are left")
    }
    return try reader.readBytes(Int(length))
  }

  private static func readArray(from reader: inout ByteReader) throws(MalformedFile) -> GGUFValue {
    let type = try reader.read(UInt32.self)
    let count = try reader.read(UInt64.self)
    guard count <= UInt64(reader.remaining) else {
      throw reader.error("an array of \(count) values, but only \(reader.remaining) bytes are left")
    }
    switch type {
    case 4, 5: return .integers(try reader.readArray(Int32.self, count: Int(count)))
    case 6:
      let bits = try reader.readArray(UInt32.self, count: Int(count))
      return .floats(bits.map { Float(bitPattern: $0) })
    case 8:
      var texts: [[UInt8]] = []
      // Each text takes at least the 8 bytes of its length.
      texts.reserveCapacity(min(Int(count), reader.remaining / 8))
      for _ in 0..<count { texts.append(try readText(from: &reader)) }
      return .texts(texts)
    case 9: throw reader.error("an array of arrays, which this reader does not support")
    default:
      for _ in 0..<count { _ = try read(type: type, from: &reader) }
      return .other
    }
  }
}
