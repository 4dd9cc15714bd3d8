import Synchronization

/// The files on servers that a program reads.
package enum RemoteFiles {
  /// By address; nil unless files stay open.
  private static let files = Mutex<[String: RemoteFile]?>(nil)

  /// From now on each file stays open, and what was fetched of it stays here, until the process
  /// ends. A program asks for this that opens a file several times.
  package static func stayOpen() { files.withLock { $0 = $0 ?? [:] } }

  /// - Throws: As `RemoteFile.init`.
  static func open(_ address: Address) throws -> RemoteFile {
    // A server that is slow keeps nobody else waiting.
    guard files.withLock({ $0 != nil }) else { return try RemoteFile(address) }
    return try files.withLock { files in
      if let file = files?[address.text] { return file }
      let file = try RemoteFile(address)
      files?[address.text] = file
      return file
    }
  }
}
