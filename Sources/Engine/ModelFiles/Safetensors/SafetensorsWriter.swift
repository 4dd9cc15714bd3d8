import ByteIO

/// The beginning of a safetensors file: all of it but the values; see `SafetensorsFile`.
package struct SafetensorsWriter {
  /// A tensor that the file is to hold.
  package struct Tensor {
    fileprivate let name: String
    fileprivate let type: SafetensorsType
    fileprivate let shape: [Int]

    /// - Parameters:
    ///   - name: The name, without quotation marks and backslashes.
    ///   - shape: The dimensions, outermost first.
    package init(_ name: String, _ type: SafetensorsType, _ shape: [Int]) {
      (self.name, self.type, self.shape) = (name, type, shape)
    }

    fileprivate var byteCount: Int { shape.reduce(type.bytes, *) }
  }

  private let tensors: [Tensor]
  private let metadata: [(name: String, text: String)]

  /// Takes the tensors in the order in which their values follow, little-endian and without gaps.
  ///
  /// - Parameter metadata: Named texts, without quotation marks, backslashes and controls.
  package init(_ tensors: [Tensor], metadata: [(name: String, text: String)] = []) {
    (self.tensors, self.metadata) = (tensors, metadata)
  }

  /// The header's length and the header, in JSON. Spaces after it align the values to eight bytes,
  /// as other writers of the format do. Equal tensors give equal bytes.
  package var header: [UInt8] {
    var start = 0
    let entries = tensors.map { tensor in
      let end = start + tensor.byteCount
      defer { start = end }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      return #""\#(tensor.name)":{"dtype":"\#(tensor.type.rawValue)","shape":[\#(shape)],"#
        + #""data_offsets":[\#(start),\#(end)]}"#
    }
    let texts = metadata.map { #""\#($0.name)":"\#($0.text)""# }.joined(separator: ",")
    let first = metadata.isEmpty ? [] : [#""__metadata__":{\#(texts)}"#]
    let json = "{" + (first + entries).joined(separator: ",") + "}"
    let padding = (8 - json.utf8.count % 8) % 8
    var writer = ByteWriter()
    writer.write(UInt64(json.utf8.count + padding))
    writer.write(Array(json.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: padding))
    return writer.bytes
  }
}
