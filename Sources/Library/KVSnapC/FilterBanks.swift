// Filter banks, as kvsnap.h describes them.
public import CKVSnap
import KVSnap

/// As kvsnap.h says.
@c @implementation
public func kvsnap_read_filters(
  _ path: UnsafePointer<CChar>?, _ filters: UnsafeMutablePointer<kvsnap_filters>?,
  _ values: UnsafeMutablePointer<Float>?, _ count: Int
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let target = try unsafe SnapshotError.present(filters, "filters")
    let path = try unsafe Argument.path(path)
    let bank = try Filters(path: path)
    if let values = unsafe values {
      guard count == bank.values.count else {
        throw SnapshotError(.usage, "\(path): it has \(bank.values.count) numbers, not \(count)")
      }
      unsafe values.update(from: bank.values, count: count)
    }
    var shape = kvsnap_filters()
    (shape.layers, shape.kv_heads) = (UInt32(bank.layers), UInt32(bank.kvHeads))
    shape.head_length = UInt32(bank.headLength)
    unsafe withUnsafeMutableBytes(of: &shape.identity) { unsafe $0.copyBytes(from: bank.identity) }
    unsafe target.pointee = shape
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_write_filters(
  _ path: UnsafePointer<CChar>?, _ filters: UnsafePointer<kvsnap_filters>?,
  _ values: UnsafePointer<Float>?, _ count: Int, _ bytes: UnsafeMutablePointer<UInt64>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let shape = try unsafe SnapshotError.present(filters, "filters").pointee
    let values = try unsafe SnapshotError.present(values, "values")
    let identity = unsafe withUnsafeBytes(of: shape.identity) { unsafe [UInt8]($0) }
    let bank = try Filters(
      layers: Int(shape.layers), kvHeads: Int(shape.kv_heads), headLength: Int(shape.head_length),
      values: unsafe [Float](UnsafeBufferPointer(start: values, count: max(0, count))),
      model: ModelIdentity(values: identity))
    let size = try unsafe bank.write(to: Argument.path(path))
    unsafe bytes?.pointee = size
  }
}
