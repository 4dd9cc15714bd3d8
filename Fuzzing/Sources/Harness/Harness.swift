import CFuzzing

/// Ends the process, and so makes the input a finding, unless a promise of the readers holds.
public func require(_ condition: Bool, _ promise: @autoclosure () -> String) {
  guard !condition else { return }
  fatalError("broken promise: \(promise())")
}

/// Runs one reader on one input after the other and judges what every reader promises: no crash, no
/// other errors than its documented ones, no more than a second, and no more memory than it may take.
public struct Harness: ~Copyable {
  /// What a reader may allocate beyond the size of its file, in bytes.
  private static let memoryLimit = 64 << 20
  /// The processor time that one input may take. Time on the clock would blame a reader for a busy
  /// machine; an input that takes no processor time either meets libFuzzer's own `-timeout`.
  private static let secondsLimit = 1.0

  private var file = MemoryFile()
  private let isDocumented: (any Error) -> Bool

  /// Prepares to run a reader whose errors are those for which `isDocumented` holds.
  public init(isDocumented: @escaping (any Error) -> Bool) { self.isDocumented = isDocumented }

  /// Runs `read` on a file of these bytes.
  public mutating func run(_ bytes: RawSpan, _ read: (_ path: String) throws -> Void) {
    file.replaceContents(with: bytes)
    let start = fz_processor_seconds()
    fz_start_counting()
    do {
      try read(file.path)
    } catch {
      // A message is made of what the file holds, so it is input to be survived too.
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
