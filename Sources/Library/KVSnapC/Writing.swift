// Writing, as kvsnap.h describes it. A handle is a retained `SnapshotWriter`.
public import CKVSnap
import KVSnap

/// The writer of a handle.
private func writer(_ handle: OpaquePointer?) throws(SnapshotError) -> SnapshotWriter {
  let handle = try unsafe SnapshotError.present(handle, "writer")
  return unsafe Unmanaged<SnapshotWriter>.fromOpaque(UnsafeRawPointer(handle))
    .takeUnretainedValue()
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_create(
  _ path: UnsafePointer<CChar>?, _ snapshot: UnsafePointer<kvsnap_new>?,
  _ writer: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let target = try unsafe SnapshotError.present(writer, "writer")
    unsafe target.pointee = nil
    let new = try unsafe NewSnapshot(SnapshotError.present(snapshot, "snapshot").pointee)
    let writer = try unsafe SnapshotWriter(path: Argument.path(path), new)
    unsafe target.pointee = OpaquePointer(Unmanaged.passRetained(writer).toOpaque())
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_append(
  _ handle: OpaquePointer?, _ heads: UnsafePointer<kvsnap_source>?
) -> CInt {
  SnapshotError.status { () throws(SnapshotError) in
    let writer = try unsafe writer(handle)
    let heads = try unsafe SnapshotError.present(heads, "heads")
    let sizes = writer.headBytes
    var (keys, values): ([[UInt8]], [[UInt8]]) = ([], [])
    var scores: [[Float]] = []
    for index in 0..<writer.kvHeads {
      let head = unsafe heads[index]
      keys.append(try unsafe Argument.bytes(head.keys, sizes.keys, "keys"))
      values.append(try unsafe Argument.bytes(head.values, sizes.values, "values"))
      guard writer.takesScores else { continue }
      let start = try unsafe SnapshotError.present(head.scores, "scores")
      scores.append(unsafe [Float](UnsafeBufferPointer(start: start, count: writer.pairs)))
    }
    try writer.append(keys: keys, values: values, scores: scores)
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_finish(_ handle: OpaquePointer?, _ bytes: UnsafeMutablePointer<UInt64>?) -> CInt
{
  SnapshotError.status { () throws(SnapshotError) in
    let size = try unsafe writer(handle).finish()
    unsafe bytes?.pointee = size
  }
}

/// As kvsnap.h says.
@c @implementation
public func kvsnap_discard(_ handle: OpaquePointer?) {
  guard let handle = unsafe handle else { return }
  unsafe Unmanaged<SnapshotWriter>.fromOpaque(UnsafeRawPointer(handle)).release()
}

extension NewSnapshot {
  /// What C describes.
  fileprivate init(_ new: kvsnap_new) throws(SnapshotError) {
    guard unsafe new.size == MemoryLayout<kvsnap_new>.size else {
      throw SnapshotError(.usage, "size is not that of kvsnap_new in this version of the library")
    }
    guard unsafe new.token_count <= UInt64(Int32.max) else {
      throw SnapshotError(.usage, "a snapshot has at most 2147483647 tokens")
    }
    let tokens = try unsafe SnapshotError.present(new.tokens, "tokens")
    try unsafe self.init(
      layers: Int(new.layers), kvHeads: Int(new.kv_heads), keyLength: Int(new.key_length),
      valueLength: Int(new.value_length),
      tokens: [UInt32](UnsafeBufferPointer(start: tokens, count: Int(new.token_count))),
      identity: ModelIdentity(new))
    keyType = try unsafe Argument.element(new.key_type, "key_type")
    valueType = try unsafe Argument.element(new.value_type, "value_type")
    promptForm = unsafe new.prompt_form
    ranking = try unsafe Ranking(new)
    if let text = unsafe new.precision { precision = try unsafe Argument.text(text, "precision") }
    if let text = unsafe new.model { modelName = try unsafe Argument.text(text, "model") }
    parent = try unsafe new.parent.map { parent throws(SnapshotError) in
      try unsafe OpenSnapshot.of(parent)
    }
    keys = try unsafe Argument.keys(new.keys, new.key_count)
  }
}

extension NewSnapshot.Ranking {
  fileprivate init(_ new: kvsnap_new) throws(SnapshotError) {
    let scores = unsafe new.scores
    let methods: [UInt32: String] = [2: "k-norm", 3: "streaming-llm", 6: "keydiff", 7: "random"]
    switch unsafe new.scorer {
    case 0: self = .unranked
    case 1:
      self = .filters(
        path: try unsafe Argument.text(SnapshotError.present(new.filters, "filters"), "filters"))
    case let number:
      if let method = methods[number] {
        self = .method(method)
        break
      }
      guard scores == KVSNAP_HEAD_SCORES.rawValue || scores == KVSNAP_SHARED_SCORES.rawValue else {
        throw SnapshotError(.usage, "the scorer \(number) needs scores that come with the pairs")
      }
      self = .scores(scorer: number, areShared: scores == KVSNAP_SHARED_SCORES.rawValue)
      return
    }
    guard scores == KVSNAP_NO_SCORES.rawValue else {
      throw unsafe SnapshotError(.usage, "with the scorer \(new.scorer) no scores come with pairs")
    }
  }
}

extension ModelIdentity {
  fileprivate init(_ new: kvsnap_new) throws(SnapshotError) {
    var files: [File] = []
    if unsafe new.file_count > 0 { _ = try unsafe SnapshotError.present(new.files, "files") }
    let entries = unsafe UnsafeBufferPointer(start: new.files, count: new.file_count)
    for index in entries.indices {
      let file = unsafe entries[index]
      let digest = unsafe withUnsafeBytes(of: file.digest) { unsafe [UInt8]($0) }
      files.append(File(role: file.role, digest: digest))
    }
    let values = unsafe new.identity.map {
      unsafe [UInt8](UnsafeBufferPointer(start: $0, count: 128))
    }
    try self.init(values: values, files: files)
  }
}
