import CKVSnap
import KVSnap

extension SnapshotError {
  /// The number in `enum kvsnap_status`.
  private var status: kvsnap_status {
    switch kind {
    case .usage: KVSNAP_USAGE
    case .malformed: KVSNAP_MALFORMED
    case .missing: KVSNAP_MISSING
    case .io: KVSNAP_IO
    case .key: KVSNAP_KEY
    case .identity: KVSNAP_IDENTITY
    case .other: KVSNAP_OTHER
    }
  }

  /// Runs a function of the library. C gets its status, and the sentence by `kvsnap_message`.
  static func status(_ body: () throws(SnapshotError) -> Void) -> CInt {
    do throws(SnapshotError) {
      try body()
      return CInt(KVSNAP_OK.rawValue)
    } catch {
      unsafe error.description.withCString { unsafe ckvsnap_set_message($0) }
      return CInt(error.status.rawValue)
    }
  }

  /// A pointer that may not be NULL.
  static func present<Value>(_ pointer: Value?, _ name: String) throws(SnapshotError) -> Value {
    guard let pointer else { throw SnapshotError(.usage, "\(name) is NULL") }
    return pointer
  }
}

/// Arguments as C has them.
enum Argument {
  /// A path.
  static func path(_ path: UnsafePointer<CChar>?) throws(SnapshotError) -> String {
    try unsafe text(SnapshotError.present(path, "path"), "path")
  }

  /// A text in UTF-8. Another one would name another file.
  static func text(_ text: UnsafePointer<CChar>, _ name: String) throws(SnapshotError) -> String {
    guard let text = unsafe String(validatingCString: text) else {
      throw SnapshotError(.usage, "\(name) is not UTF-8")
    }
    return text
  }

  /// Keys.
  static func keys(
    _ keys: UnsafePointer<kvsnap_key>?, _ count: Int
  ) throws(SnapshotError) -> [SnapshotKey] {
    guard count > 0 else { return [] }
    let keys = try unsafe SnapshotError.present(keys, "keys")
    var all: [SnapshotKey] = []
    for index in 0..<count {
      let key = unsafe keys[index]
      let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: key.bytes, count: key.length))
      all.append(
        try unsafe key.is_passphrase == 0
          ? SnapshotKey(keyFile: bytes) : SnapshotKey(passphrase: bytes))
    }
    return all
  }

  /// Some memory of the caller's. What has no bytes may be NULL.
  static func bytes(
    _ start: UnsafeRawPointer?, _ count: Int, _ name: String
  ) throws(SnapshotError) -> [UInt8] {
    guard count > 0 else { return [] }
    let start = try unsafe SnapshotError.present(start, name)
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }

  /// An element type of `enum kvsnap_element`.
  static func element(_ number: UInt32, _ name: String) throws(SnapshotError) -> Element {
    guard let element = Element(rawValue: number) else {
      throw SnapshotError(.usage, "\(name) is none of enum kvsnap_element: \(number)")
    }
    return element
  }
}
