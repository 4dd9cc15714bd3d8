// Reading, as kvsnap.h describes it. A handle is a retained `OpenSnapshot`.
public import CKVSnap
import KVSnap

/// What a `kvsnap_snapshot` is.
final class OpenSnapshot: Sendable {
  let snapshot: Snapshot

  init(_ snapshot: Snapshot) { self.snapshot = snapshot }

  /// The snapshot of a handle.
  static func of(_ handle: OpaquePointer?) throws(SnapshotError) -> Snapshot {
    let handle = try unsafe SnapshotError.present(handle, "snapshot")
    return unsafe Unmanaged<OpenSnapshot>.fromOpaque(UnsafeRawPointer(handle))
      .takeUnretainedValue().snapshot
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_open(
  _ path: UnsafePointer<CChar>?, _ keys: UnsafePointer<kvsnap_key>?, _ keyCount: Int,
  _ snapshot: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let target = try unsafe SnapshotError.present(snapshot, "snapshot")
    unsafe target.pointee = nil
    let opened = try unsafe Snapshot(
      path: Argument.path(path), keys: Argument.keys(keys, keyCount))
    unsafe target.pointee = OpaquePointer(
      Unmanaged.passRetained(OpenSnapshot(opened)).toOpaque())
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_close(_ snapshot: OpaquePointer?) {
  guard let snapshot = unsafe snapshot else { return }
  unsafe Unmanaged<OpenSnapshot>.fromOpaque(UnsafeRawPointer(snapshot)).release()
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_describe(
  _ snapshot: OpaquePointer?, _ shape: UnsafeMutablePointer<kvsnap_shape>?
) {
  guard let shape = unsafe shape, let snapshot = try? unsafe OpenSnapshot.of(snapshot) else {
    return
  }
  unsafe shape.pointee = kvsnap_shape(
    layers: UInt32(snapshot.layers), kv_heads: UInt32(snapshot.kvHeads),
    key_length: UInt32(snapshot.keyLength), value_length: UInt32(snapshot.valueLength),
    tokens: UInt64(snapshot.tokenCount), key_type: snapshot.keyType.rawValue,
    value_type: snapshot.valueType.rawValue,
    least_compression: UInt32(snapshot.leastCompression), scorer: snapshot.scorer,
    prompt_form: snapshot.promptForm, trusted: snapshot.isTrusted ? 1 : 0,
    key_layout: snapshot.keyLayout)
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_describe_layer(
  _ snapshot: OpaquePointer?, _ index: UInt32, _ layer: UnsafeMutablePointer<kvsnap_layer>?
) {
  guard let layer = unsafe layer, let snapshot = try? unsafe OpenSnapshot.of(snapshot),
    index < snapshot.layers
  else { return }
  let shape = snapshot.shape(ofLayer: Int(index))
  unsafe layer.pointee = kvsnap_layer(
    kv_heads: UInt32(shape.kvHeads), key_length: UInt32(shape.keyLength),
    value_length: UInt32(shape.valueLength))
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_identity(
  _ snapshot: OpaquePointer?, _ digests: UnsafeMutablePointer<UInt8>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let target = try unsafe SnapshotError.present(digests, "digests")
    let snapshot = try unsafe OpenSnapshot.of(snapshot)
    guard let identity = snapshot.identity else {
      throw SnapshotError(.identity, "\(snapshot.path): it has no digests of a model's values")
    }
    unsafe target.update(from: identity, count: identity.count)
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_tokens(_ snapshot: OpaquePointer?, _ ids: UnsafeMutablePointer<UInt32>?) {
  guard let ids = unsafe ids, let snapshot = try? unsafe OpenSnapshot.of(snapshot) else { return }
  unsafe ids.update(from: snapshot.tokens, count: snapshot.tokenCount)
}

/// C's 0 is all that is stored.
private func compression(_ number: UInt32) -> Int? { number == 0 ? nil : Int(number) }

/// As kvsnap.h says.
@c @implementation
public func kvsnap_count(
  _ snapshot: OpaquePointer?, _ layer: UInt32, _ ratio: UInt32,
  _ pairs: UnsafeMutablePointer<UInt64>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let target = try unsafe SnapshotError.present(pairs, "pairs")
    let counts = try unsafe OpenSnapshot.of(snapshot).pairCounts(
      layer: Int(layer), compression: compression(ratio))
    for (head, count) in counts.enumerated() { unsafe target[head] = UInt64(count) }
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_read(
  _ snapshot: OpaquePointer?, _ firstLayer: UInt32, _ layers: UInt32, _ ratio: UInt32,
  _ element: UInt32, _ heads: UnsafePointer<kvsnap_head>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let snapshot = try unsafe OpenSnapshot.of(snapshot)
    let heads = try unsafe SnapshotError.present(heads, "heads")
    let asFloats = element == KVSNAP_F32.rawValue
    guard asFloats || element == KVSNAP_STORED.rawValue else {
      throw SnapshotError(.usage, "element is neither KVSNAP_STORED nor KVSNAP_F32: \(element)")
    }
    guard Int(firstLayer) + Int(layers) <= snapshot.layers else {
      throw SnapshotError(.usage, "\(snapshot.path): it has \(snapshot.layers) layers")
    }
    let memory = unsafe (0..<Int(layers) * snapshot.kvHeads).map { index in
      let head = unsafe heads[index]
      return unsafe HeadMemory(positions: head.positions, keys: head.keys, values: head.values)
    }
    try unsafe snapshot.read(
      layers: Int(firstLayer)..<Int(firstLayer) + Int(layers), compression: compression(ratio),
      asFloats: asFloats, into: memory)
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_verify(
  _ path: UnsafePointer<CChar>?, _ keys: UnsafePointer<kvsnap_key>?, _ keyCount: Int
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    try unsafe Snapshot.verify(path: Argument.path(path), keys: Argument.keys(keys, keyCount))
  }
}
