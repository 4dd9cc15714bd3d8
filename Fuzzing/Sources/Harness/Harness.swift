import CFuzzing

/// Ends the process if a promise of the readers does not hold, which makes the input a finding.
public func require(_ condition: Bool, _ promise: @autoclosure () -> String) {
  guard !condition else { return }
  fatalError("broken promise: \(promise())")
}

/// Runs one reader on one input after the other and checks what every reader promises: no crash,
/// only documented errors, at most a second, and at most the allowed memory.
public struct Harness: ~Copyable {
  /// What a reader may allocate beyond the size of its file, in bytes.
  private static let memoryLimit = 64 << 20
  /// The processor time that one input may take, since wall time depends on how busy the machine
  /// is. An input that waits without processor time meets libFuzzer's own `-timeout`.
  private static let secondsLimit = 1.0

  private var file = MemoryFile()
  private let isDocumented: (any Error) -> Bool

  /// Prepares to run a reader that may throw the errors for which `isDocumented` holds.
  public init(isDocumented: @escaping (any Error) -> Bool) { self.isDocumented = isDocumented }

  /// Runs `read` on a file of these bytes.
  public mutating func run(_ bytes: RawSpan, _ read: (_ path: String) throws -> Void) {
    file.replaceContents(with: bytes)
    let start = fz_processor_seconds()
    fz_start_counting()
    do {
      try read(file.path)
    } catch {
      // A message holds text from the file, so building it must not fail either.
      let message = "\(error)"
      require(isDocumented(error), "an undocumented error: \(message)")
      require(!message.isEmpty, "an error says what is wrong")
    }
    let allocated = Int(fz_most_allocated())
    require(
      allocated <= bytes.byteCount + Self.memoryLimit,
      "\(allocated) bytes allocated for a file of \(bytes.byteCount)")
    let seconds = fz_processor_seconds() - start
    require(seconds < Self.secondsLimit, "\(seconds) s for a file of \(bytes.byteCount) bytes")
  }
}
