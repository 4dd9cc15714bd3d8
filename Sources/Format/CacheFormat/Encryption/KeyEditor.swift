package import ByteIO

/// Changes the key slots of an encrypted snapshot, and no other byte of it (spec, section 12.4).
package struct KeyEditor {
  private let path: String
  private let offset: UInt64
  private var table: KeyTable

  /// Reads the slots of the snapshot at `path`.
  ///
  /// - Throws: `NotEncrypted`; `MalformedFile`; `SystemError`.
  package init(path: String) throws {
    let container = try ContainerReader(path: path, kind: .snapshot)
    guard let table = container.keys, let entry = container.directory[.keys] else {
      throw NotEncrypted(path: path)
    }
    (self.path, self.table, offset) = (path, table, entry.offset)
  }

  /// How many slots are in use.
  package var used: Int { table.slots.count { $0 != nil } }

  /// Fills an empty slot, and then erases the one that the user's keys open.
  ///
  /// - Parameters:
  ///   - ring: The keys that the user has.
  ///   - secret: The new key.
  ///   - keepsOld: Whether the old slot stays.
  /// - Throws: `KeyProblem`; `MalformedFile` if the file was changed; `NoEmptySlot`; `SystemError`.
  package mutating func add(_ secret: Secret, by ring: KeyRing, keepsOld: Bool) throws {
    // Header and directory must be authentic: a slot for other bytes would vouch for them.
    _ = try ContainerReader(path: path, kind: .snapshot, keys: ring)
    let (old, cipher) = try ring.open(table, path: path)
    guard let empty = table.slots.firstIndex(where: { $0 == nil }) else {
      throw NoEmptySlot(path: path, slots: table.slots.count)
    }
    try write(KeySlot(cipher.dataKey, for: secret), at: empty)
    if !keepsOld { try write(nil, at: old) }
  }

  /// Erases all slots: nobody can read the file any more.
  ///
  /// - Throws: `SystemError`.
  package mutating func eraseAll() throws {
    for index in table.slots.indices { try write(nil, at: index) }
  }

  private mutating func write(_ slot: KeySlot?, at index: Int) throws {
    try InPlaceFile(path: path).replace(
      KeySlot.encode(slot), at: offset + UInt64(KeyTable.offset(ofSlot: index)))
    table.slots[index] = slot
  }
}

/// Keys were to be changed of a snapshot that is not encrypted.
package struct NotEncrypted: CategorisedError, Sendable {
  let path: String

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String { "\(path) is not encrypted" }
}

/// No slot is left for another key.
package struct NoEmptySlot: CategorisedError, Sendable {
  let path: String
  let slots: Int

  /// Another request can be met.
  package var category: FailureCategory { .usage }

  /// One sentence that says what is wrong.
  package var description: String { "all \(slots) key slots of \(path) are in use" }
}
