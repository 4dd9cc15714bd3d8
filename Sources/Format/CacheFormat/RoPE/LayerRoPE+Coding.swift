import ByteIO

/// The section `rope` (spec, section 4.6).
extension LayerRoPE {
  /// The section's bytes.
  public var encoded: [UInt8] {
    var writer = ByteWriter()
    let planes = layers.first?.frequencies.count ?? 0
    for size in [layers.count, planes, longest ?? 0] { writer.write(UInt32(clamping: size)) }
    writer.write(scale)
    for layer in layers {
      writer.write(UInt32(clamping: layer.window ?? 0))
      writer.write(layer.magnitude)
      for frequency in layer.frequencies { writer.write(frequency) }
    }
    return writer.bytes
  }

  /// The greatest length of the section in bytes.
  static func limit(_ shape: CacheShape) -> UInt64 {
    16 + UInt64(shape.layers) * (8 + 4 * UInt64(shape.keyLength / 2))
  }

  /// Reads the section of a file whose caches have a shape.
  ///
  /// - Throws: `MalformedFile`.
  init(_ section: Section, shape: CacheShape) throws(MalformedFile) {
    var reader = section.reader
    let count = try reader.readSize("layers", 1...4096)
    let planes = try reader.readSize("planes", 0...4096)
    guard count == shape.layers, 2 * planes <= shape.keyLength else {
      throw reader.error("\(count) layers of \(planes) planes do not fit the file's caches")
    }
    let longest = try reader.read(UInt32.self)
    let scale = try reader.readFloat()
    guard (0x1p-64...0x1p64).contains(scale) else { throw reader.error("a scale out of range") }
    var layers: [Layer] = []
    for _ in 0..<count { layers.append(try Self.layer(&reader, planes: planes)) }
    try reader.expectEnd()
    self.init(layers: layers, longest: longest == 0 ? nil : Int(longest), scale: scale)
  }

  private static func layer(
    _ reader: inout ByteReader, planes: Int
  ) throws(MalformedFile) -> Layer {
    let window = try reader.read(UInt32.self)
    let magnitude = try reader.readFloat()
    let frequencies = try reader.readArray(UInt32.self, count: planes).map(Float.init(bitPattern:))
    guard (0x1p-64...0x1p64).contains(magnitude),
      frequencies.allSatisfy({ (0...0x1p32).contains($0) })
    else { throw reader.error("a magnitude or a frequency is outside its range") }
    return Layer(
      window: window == 0 ? nil : Int(window), magnitude: magnitude, frequencies: frequencies)
  }
}

extension ContainerReader {
  /// The section `rope` of a file that needs it, and whose caches have a shape.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  public func rope(of shape: CacheShape) throws -> LayerRoPE {
    try LayerRoPE(section(.rope, atMost: LayerRoPE.limit(shape)), shape: shape)
  }

  /// Rejects a section `rope` without the one that it belongs to.
  ///
  /// - Throws: `MalformedFile`, `SystemError`.
  public func checkRoPE(isUsed: Bool) throws {
    guard !isUsed, let section = try section(ifPresent: .rope, atMost: .max) else { return }
    throw section.reader.error("nothing in the file needs it")
  }
}
