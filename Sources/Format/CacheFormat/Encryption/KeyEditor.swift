package import ByteIO

/// Changes the key slots of an encrypted snapshot, and no other byte of it (spec, section 12.4). No
/// other process changes them meanwhile.
package struct KeyEditor {
  private let path: String
  private let lock: FileLock
  private let offset: UInt64
  private var table: KeyTable

  /// Reads the slots of the snapshot at `path`. A slot may be damaged, by a write that was cut
  /// short.
  ///
  /// - Throws: `Address.NotWritable`; `NotEncrypted`; `MalformedFile`; `SystemError`.
  package init(path: String) throws {
    try Address.checkIsPath(path)
    lock = try FileLock(path)
    let container = try ContainerReader(
      path: path, kind: .snapshot, keys: nil, acceptsDamagedSlots: true)
    guard let table = container.keys, let entry = container.directory[.keys] else {
      throw NotEncrypted(path: path)
    }
    (self.path, self.table, offset) = (path, table, entry.offset)
  }

  /// How many slots are in use.
  package var used: Int { table.slots.count { $0 != nil } }

  /// Gives a new key a slot, unless it has one, and then erases the slots that the user's keys
  /// open. Damaged slots are erased, too.
  ///
  /// - Parameters:
  ///   - ring: The keys that the user has.
  ///   - secret: The new key.
  ///   - keepsOld: Whether the old slots stay.
  /// - Throws: `KeyProblem`; `MalformedFile` if the file was changed; `NoEmptySlot`; `SystemError`.
  package mutating func add(_ secret: Secret, by ring: KeyRing, keepsOld: Bool) throws {
    // Header and directory must be authentic: a slot for other bytes would vouch for them.
    _ = try ContainerReader(
      path: path, kind: .snapshot, keys: ring, acceptsDamagedSlots: true)
    let dataKey = try ring.open(table, path: path).cipher.dataKey
    let old = ring.slots(of: table)
    for index in table.damaged { try write(nil, at: index) }
    let own = table.slots.firstIndex { $0.map { ring.dataKey($0, secret) == dataKey } ?? false }
    guard let new = own ?? table.slots.firstIndex(where: { $0 == nil }) else {
      throw NoEmptySlot(path: path, slots: table.slots.count)
    }
    if own == nil { try write(KeySlot(dataKey, for: secret), at: new) }
    guard !keepsOld else { return }
    for index in old where index != new { try write(nil, at: index) }
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
  package var description: String {
    "all \(slots) key slots of \(path) are in use; change a key without keeping the old one, or "
      + "write the snapshot anew with recompress, for one key"
  }
}
