import ByteIO
import Dispatch
import Synchronization
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
    file.copyIntoMemory()
    file.copyIntoMemory()
    file.releasePages(0..<size)
    _ = try folder.write("weights", [])
    let read = unsafe file.bytes.withUnsafeBytes { unsafe Array($0) }
    #expect(read == bytes)
  }

  @Test func bytesReadTheSameWhileTheyAreCopied() throws {
    let folder = try ScratchFolder()
    let bytes = (0..<48 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
    let file = try MappedFile(path: folder.write("weights", bytes))
    let differences = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      guard thread > 0 else { return file.copyIntoMemory() }
      for _ in 0..<8 {
        let isEqual = unsafe file.bytes.withUnsafeBytes { read in
          stride(from: thread, to: bytes.count, by: 4093).allSatisfy {
            unsafe read[$0] == bytes[$0]
          }
        }
        if !isEqual { differences.add(1, ordering: .relaxed) }
      }
    }
    #expect(differences.load(ordering: .relaxed) == 0)
  }
}
