package import ByteIO

/// A snapshot can be read, but only the program that wrote it can continue it.
package struct PrivateMeaning: CategorisedError, Sendable {
  /// The snapshot.
  let path: String
  /// What only that program knows.
  let what: String

  /// What continues it is missing.
  package var category: FailureCategory { .noInput }

  /// One sentence that says what is missing.
  package var description: String {
    "\(path): only the program that wrote it knows \(what)"
  }
}
