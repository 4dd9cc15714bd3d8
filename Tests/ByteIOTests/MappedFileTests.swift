import ByteIO
import TestSupport
import Testing

/// Files that are read in place.
@Suite struct MappedFileTests {
  @Test(arguments: [0, 1, 4096, 2 << 20 - 1, 2 << 20, 5 << 20 + 123])
  func aCopyInMemoryReadsAsBeforeWhateverIsLetGoOrCutOff(size: Int) throws {
    let folder = try ScratchFolder()
    var generator = SeededGenerator(seed: UInt64(size))
    let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let file = try MappedFile(path: folder.write("weights", bytes))
    try file.copyIntoMemory()
    try file.copyIntoMemory()
    file.letGo(0..<size)
    _ = try folder.write("weights", [])
    let read = unsafe file.bytes.withUnsafeBytes { unsafe Array($0) }
    #expect(read == bytes)
  }
}
