import ByteIO

/// The transform that coded a snapshot's blocks (spec, section 5.8).
public struct TransformReference: Sendable, Equatable {
  /// The transform digest.
  public let digest: Digest
  /// The name of the transform's file. It is looked for in the snapshot's folder.
  public let fileName: String

  /// Refers to a transform.
  public init(digest: Digest, fileName: String) {
    (self.digest, self.fileName) = (digest, fileName)
  }

  /// The greatest length of a reference in bytes.
  static let maximumByteCount = Digest.byteCount + FileNameField.maximumByteCount

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(digest.bytes)
    writer.writeText(fileName)
    return writer.bytes
  }

  init(_ reader: inout ByteReader) throws(MalformedFile) {
    digest = Digest(try reader.readBytes(Digest.byteCount))
    fileName = try FileNameField.read(&reader)
  }
}
