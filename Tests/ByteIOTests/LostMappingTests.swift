import ByteIO
import Glibc
import TestSupport
import Testing

/// How a process ends that touches lost bytes of a mapped file, each in a process of its own.
@Suite struct LostMappingTests {
  @Test func endsTheProcessWithASentenceThatNamesTheFile() async {
    let result = await #expect(
      processExitsWith: .exitCode(74), observing: [\.standardErrorContent]
    ) {
      Interruption.reportsLostMappings(prefix: "test: ", status: 74)
      let file = try LostMappingTests.cutFile()
      print(unsafe file.bytes.withUnsafeBytes { unsafe $0.reduce(0) { $0 + Int($1) } })
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("test: cannot read /"))
    #expect(message.contains("/model: it was cut short while it was in use"))
  }

  @Test func leavesAnAddressThatItDoesNotKnowToTheSystem() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      Interruption.reportsLostMappings(prefix: "test: ", status: 74)
      try LostMappingTests.touchUnknownMapping()
    }
  }

  @Test func forgetsAFileThatIsReleased() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      Interruption.reportsLostMappings(prefix: "test: ", status: 74)
      _ = try LostMappingTests.cutFile()
      // The system gives the same address to the next mapping.
      try LostMappingTests.touchUnknownMapping()
    }
  }

  @Test func leavesASignalThatAProcessSentToTheSystem() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      Interruption.reportsLostMappings(prefix: "test: ", status: 74)
      kill(getpid(), SIGBUS)
      sleep(10)
    }
  }

  /// A mapped file that was cut to its first bytes. Its folder is gone when this returns, because
  /// nobody could remove it later.
  private static func cutFile() throws -> MappedFile {
    let folder = try ScratchFolder()
    let file = try MappedFile(
      path: folder.write("model", [UInt8](repeating: 1, count: 100_000)))
    try setLength(of: file.path, to: 10_000)
    return file
  }

  private static func touchUnknownMapping() throws {
    let address = try unsafe mapUnknown()
    print(unsafe address?.load(fromByteOffset: 90_000, as: UInt8.self) ?? 0)
  }

  @unsafe private static func mapUnknown() throws -> UnsafeMutableRawPointer? {
    let folder = try ScratchFolder()
    let path = try folder.write("other", [UInt8](repeating: 1, count: 100_000))
    let descriptor = unsafe open(path, O_RDONLY)
    let address = unsafe mmap(nil, 100_000, PROT_READ, MAP_PRIVATE, descriptor, 0)
    try setLength(of: path, to: 0)
    return unsafe address
  }
}
